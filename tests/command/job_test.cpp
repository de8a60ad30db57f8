// Shards by what Slurm, MPI launchers and Kubernetes set.
#include "../cli/job.h"

#include <map>

#include "../cli/exit_code.h"
#include "command/shards.h"

namespace whycam::test {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

cli::JobShard shard_of(const std::map<std::string, std::string>& variables) {
  return cli::shard_of_job([&](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
  });
}

std::string text_of(const std::map<std::string, std::string>& variables) { return shard_of(variables).shard.text(); }

std::string failure_of(const std::map<std::string, std::string>& variables) {
  try {
    return "no failure, but " + text_of(variables);
  } catch (const cli::Failure& failure) {
    EXPECT_EQ(failure.code(), cli::ExitCode::usage);
    return failure.what();
  }
}

std::map<std::string, std::string> with(std::map<std::string, std::string> variables,
                                        const std::map<std::string, std::string>& more) {
  for (const auto& [name, value] : more) variables[name] = value;
  return variables;
}

/// What srun sets for a task of a step.
const std::map<std::string, std::string> step{{"SLURM_JOB_ID", "9"},
                                              {"SLURM_STEP_ID", "0"},
                                              {"SLURM_PROCID", "2"},
                                              {"SLURM_NTASKS", "16"},
                                              {"SLURM_STEP_NUM_TASKS", "16"}};
/// What a batch script of such a job sees.
const std::map<std::string, std::string> batch{{"SLURM_JOB_ID", "9"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "16"}};
/// The third task of sbatch --array=1-13:4.
const std::map<std::string, std::string> array_task{{"SLURM_ARRAY_TASK_ID", "9"},
                                                    {"SLURM_ARRAY_TASK_MIN", "1"},
                                                    {"SLURM_ARRAY_TASK_MAX", "13"},
                                                    {"SLURM_ARRAY_TASK_STEP", "4"},
                                                    {"SLURM_ARRAY_TASK_COUNT", "4"}};

TEST(JobShard, OfNoJobIsAll) {
  EXPECT_TRUE(shard_of({}).shard.is_all());
  EXPECT_EQ(shard_of({}).source, "");
}

TEST(JobShard, OfSlurmIsThatOfTheTaskOrOfTheArray) {
  EXPECT_EQ(text_of(step), "3/16");
  EXPECT_EQ(shard_of(step).source, "SLURM_PROCID=2 of SLURM_STEP_NUM_TASKS=16");
  EXPECT_EQ(text_of(with(step, {{"SLURM_STEP_NUM_TASKS", ""}})), "3/16") << "by SLURM_NTASKS";
  EXPECT_EQ(text_of(array_task), "3/4");
  EXPECT_EQ(text_of(with(array_task, {{"SLURM_ARRAY_TASK_ID", "1"}})), "1/4");
  EXPECT_EQ(text_of(with(array_task, {{"SLURM_ARRAY_TASK_ID", "13"}})), "4/4");
  EXPECT_TRUE(shard_of(with(step, {{"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_PROCID", "0"}})).shard.is_all());
}

/// Tasks of srun in a task of an array share its shard.
TEST(JobShard, OfBothIsAShareOfAShare) {
  EXPECT_EQ(text_of(with(array_task, step)), "35/64");
  std::set<std::string> all;
  for (const char* id : {"1", "5", "9", "13"})
    for (int task = 0; task < 16; ++task)
      all.insert(
          text_of(with(with(array_task, step), {{"SLURM_ARRAY_TASK_ID", id}, {"SLURM_PROCID", std::to_string(task)}})));
  EXPECT_EQ(all.size(), 64u) << "each is somebody's";
  EXPECT_EQ(text_of(with(array_task, batch)), "3/4") << "a batch script of an array's task has all of that";
}

/// One process of a batch script must not do a sixteenth of the work in silence.
TEST(JobShard, OfABatchScriptIsAllAndIsSaid) {
  for (const char* step_id : {"", "batch", "4294967291"}) {
    const cli::JobShard shard = shard_of(with(batch, {{"SLURM_STEP_ID", step_id}}));
    EXPECT_TRUE(shard.shard.is_all()) << step_id;
    ASSERT_EQ(shard.notes.size(), 1u) << step_id;
    EXPECT_NE(shard.notes[0].find("srun whycam"), std::string::npos) << shard.notes[0];
  }
  EXPECT_TRUE(shard_of(with(batch, {{"SLURM_NTASKS", "1"}})).notes.empty());
}

TEST(JobShard, OfAnArrayWithGapsIsRefused) {
  const std::map<std::string, std::string> gaps{{"SLURM_ARRAY_TASK_ID", "1"},
                                                {"SLURM_ARRAY_TASK_MIN", "1"},
                                                {"SLURM_ARRAY_TASK_MAX", "7"},
                                                {"SLURM_ARRAY_TASK_STEP", "1"},
                                                {"SLURM_ARRAY_TASK_COUNT", "3"}};
  EXPECT_NE(failure_of(gaps).find("not evenly spaced (use --array=0-2)"), std::string::npos) << failure_of(gaps);
  EXPECT_NE(failure_of(with(array_task, {{"SLURM_ARRAY_TASK_ID", "10"}})).find("not evenly spaced"), std::string::npos);
  EXPECT_NE(failure_of(with(array_task, {{"SLURM_ARRAY_TASK_ID", "17"}, {"SLURM_ARRAY_TASK_MAX", ""}})).find("evenly"),
            std::string::npos);
  EXPECT_EQ(text_of(with(gaps, {{"SLURM_ARRAY_TASK_COUNT", "1"}, {"SLURM_ARRAY_TASK_MAX", "1"}})), "1/1");
}

TEST(JobShard, OfMpirunComesBeforeSlurmsStepOfItsDaemons) {
  const std::map<std::string, std::string> open_mpi{{"OMPI_COMM_WORLD_RANK", "5"}, {"OMPI_COMM_WORLD_SIZE", "8"}},
      mpich{{"PMI_RANK", "7"}, {"PMI_SIZE", "8"}};
  EXPECT_EQ(text_of(open_mpi), "6/8");
  EXPECT_EQ(text_of(mpich), "8/8");
  EXPECT_EQ(text_of(with(step, open_mpi)), "6/8");
  EXPECT_EQ(text_of(with(batch, open_mpi)), "6/8");
  EXPECT_TRUE(shard_of(with(batch, open_mpi)).notes.empty());
  EXPECT_EQ(text_of(with(array_task, mpich)), "24/32");
  EXPECT_EQ(text_of(with(step, {{"PMIX_RANK", "2"}})), "3/16") << "srun --mpi=pmix";
  EXPECT_EQ(text_of({{"PMIX_RANK", "2"}, {"WHYCAM_SHARDS", "4"}}), "3/4");
  EXPECT_TRUE(shard_of({{"PMIX_RANK", "2"}}).shard.is_all());
  EXPECT_EQ(shard_of({{"PMIX_RANK", "2"}}).notes.size(), 1u);
}

TEST(JobShard, OfAnIndexedJobNeedsItsCount) {
  const std::map<std::string, std::string> pod{{"JOB_COMPLETION_INDEX", "2"}};
  EXPECT_EQ(text_of(with(pod, {{"WHYCAM_SHARDS", "3"}})), "3/3");
  EXPECT_EQ(text_of(with(pod, {{"JOB_COMPLETIONS", "5"}})), "3/5");
  EXPECT_EQ(text_of(with(pod, {{"WHYCAM_SHARDS", "3"}, {"JOB_COMPLETIONS", "5"}})), "3/3");
  EXPECT_TRUE(shard_of(pod).shard.is_all());
  ASSERT_EQ(shard_of(pod).notes.size(), 1u);
  EXPECT_NE(shard_of(pod).notes[0].find("WHYCAM_SHARDS"), std::string::npos);
}

TEST(JobShard, OfVariablesThatContradictEachOtherIsRefused) {
  for (const std::map<std::string, std::string>& wrong : std::vector<std::map<std::string, std::string>>{
           with(step, {{"SLURM_PROCID", "16"}}),
           with(step, {{"SLURM_PROCID", "two"}}),
           with(step, {{"SLURM_STEP_NUM_TASKS", "0"}}),
           {{"OMPI_COMM_WORLD_RANK", "-1"}, {"OMPI_COMM_WORLD_SIZE", "4"}},
           {{"JOB_COMPLETION_INDEX", "3"}, {"WHYCAM_SHARDS", "3"}},
           {{"SLURM_ARRAY_TASK_ID", "3"}},
           with(with(array_task, {{"SLURM_ARRAY_TASK_MAX", ""}, {"SLURM_ARRAY_TASK_COUNT", "900000"}}), step),
       })
    EXPECT_NE(failure_of(wrong).find("--shard 1/1 is all"), std::string::npos) << failure_of(wrong);
}

class InAJob : public ShardsCommand {
 protected:
  InAJob() : none_({{"SLURM_PROCID", ""}, {"SLURM_ARRAY_TASK_ID", ""}, {"JOB_COMPLETION_INDEX", ""}}) {}
  Variables none_;
};

TEST_F(InAJob, FoldersAndListsAreSharedAndTheCommandSaysSo) {
  const Variables pod({{"JOB_COMPLETION_INDEX", "1"}, {"WHYCAM_SHARDS", "3"}});
  const Outcome outcome = explained({});  // with --quiet
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(count_of(outcome.error, "whycam: shard 2/3, "), 1u) << outcome.error;
  EXPECT_NE(
      outcome.error.find(" of 11 inputs, by JOB_COMPLETION_INDEX=1 of WHYCAM_SHARDS=3; --shard 1/1 explains all\n"),
      std::string::npos)
      << outcome.error;
  EXPECT_TRUE(files().count("manifest-2-of-3.jsonl"));
  remove_folder(results());
  EXPECT_EQ(explained({"--shard", "1/1"}).error, "");
  EXPECT_EQ(document()["explanations"].size(), 11 * 2u);
}

TEST_F(InAJob, OnePictureIsSharedWhereThatIsAskedForAlone) {
  const Variables pod({{"JOB_COMPLETION_INDEX", "1"}, {"WHYCAM_SHARDS", "3"}});
  const std::vector<std::string> one{"explain", network_, pictures_ / "a.png", "--layer", "second", "--target", "1",
                                     "--size",  "16",     "--output-dir",      results()};
  EXPECT_EQ(run(one).error, "");
  EXPECT_TRUE(files().count("manifest.jsonl"));
  remove_folder(results());
  EXPECT_EQ(run(test::with(one, {"--shard", "auto"})).exit_code, 0);
  EXPECT_TRUE(files().count("manifest-2-of-3.jsonl"));
}

TEST_F(InAJob, AutoSaysWhereNothingGivesAShare) {
  std::vector<std::string> arguments = words(results(), {"--shard", "auto"});
  arguments.erase(std::find(arguments.begin(), arguments.end(), "--quiet"));
  const Outcome alone = run(arguments);
  EXPECT_EQ(alone.exit_code, 0) << alone.error;
  EXPECT_EQ(count_of(alone.error, "whycam: note: no job around this process gives a shard"), 1u) << alone.error;
  EXPECT_TRUE(files().count("manifest.jsonl"));
  remove_folder(results());
  const Variables pod(Pairs{{"JOB_COMPLETION_INDEX", "1"}});
  expect_failure(explained({"--shard", "auto"}), 2, "set WHYCAM_SHARDS");
  EXPECT_EQ(explained({}).exit_code, 0) << "and without it, each does all of it, as ever";
}

}  // namespace
}  // namespace whycam::test
