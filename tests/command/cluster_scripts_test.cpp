// The job scripts of docs/clusters.md, run as the scheduler would run them: with the variables that it sets, and srun
// and mpirun that start processes here.
#include "command/shards.h"

namespace whycam::test {
namespace {

const fs::path scripts = fs::path(WHYCAM_SOURCE_DIR) / "examples/clusters";

class ClusterScripts : public ShardsCommand {
 protected:
  ClusterScripts() {
    for (int i = 0; i < 20; ++i) add_picture("more/" + std::to_string(i) + ".png");
    fs::create_directory(folder_ / "work");
    fs::rename(pictures_, folder_ / "work/photos");
    fs::rename(network_, folder_ / "work/network.onnx");
    add_program("srun",
                "while [ \"${1#--}\" != \"$1\" ]; do shift; done\ni=0\n"
                "while [ $i -lt $SLURM_NTASKS ]; do\n"
                "  SLURM_STEP_ID=0 SLURM_PROCID=$i SLURM_STEP_NUM_TASKS=$SLURM_NTASKS \"$@\" &\n  i=$((i + 1))\n"
                "done\nwait\n");
    add_program("mpirun",
                "[ \"$1\" = -n ] || exit 1\nsize=$2\nshift 2\ni=0\n"
                "while [ $i -lt $size ]; do\n"
                "  OMPI_COMM_WORLD_RANK=$i OMPI_COMM_WORLD_SIZE=$size \"$@\" || touch failed &\n  i=$((i + 1))\n"
                "done\nwait\n[ ! -e failed ]\n");
  }

  void add_program(const std::string& name, const std::string& text) const {
    fs::create_directories(folder_ / "bin");
    std::ofstream(folder_ / "bin" / name) << "#!/bin/sh\n" << text;
    fs::permissions(folder_ / "bin" / name, fs::perms::owner_all);
  }

  /// Runs a shell's words in the folder with the photos.
  int sh(const std::string& words) const {
    const std::string line =
        "cd " + test::quoted((folder_ / "work").string()) + " && PATH=" + test::quoted((folder_ / "bin").string()) +
        ":" + test::quoted(fs::path(WHYCAM_COMMAND).parent_path().string()) +
        ":\"$PATH\" OMP_WAIT_POLICY=passive sh -c " + test::quoted(words) + " >>" +
        test::quoted((folder_ / "out").string()) + " 2>>" + test::quoted((folder_ / "err").string());
    const int status = std::system(line.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

  /// What stands behind some words in a script's line.
  static std::string behind(const std::string& text, const std::string& words) {
    const std::size_t at = text.find(words);
    EXPECT_NE(at, std::string::npos) << words;
    const std::size_t begin = at + words.size();
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  /// Every picture once, by sixteen shards.
  void expect_all_by_sixteen() {
    const fs::path maps = folder_ / "work/maps";
    EXPECT_EQ(lines_in(maps).size(), 31u) << content(folder_ / "err");
    for (int number = 1; number <= 16; ++number)
      EXPECT_TRUE(fs::exists(maps / ("manifest-" + std::to_string(number) + "-of-16.jsonl"))) << number;
    EXPECT_EQ(sh("whycam report maps --json >report.json 2>warnings"), 0);
    EXPECT_EQ(content(folder_ / "work/warnings"), "");
    const auto report = nlohmann::json::parse(content(folder_ / "work/report.json"));
    EXPECT_EQ(report["explained"], 31);
  }

  const Variables none_{{{"SLURM_PROCID", ""}, {"SLURM_ARRAY_TASK_ID", ""}, {"JOB_COMPLETION_INDEX", ""}}};
};

TEST_F(ClusterScripts, AreThoseOfTheDocument) {
  const std::string document = content(fs::path(WHYCAM_SOURCE_DIR) / "docs/clusters.md");
  for (const auto& [name, kind] :
       {std::pair{"array.sbatch", "sh"}, {"srun.sbatch", "sh"}, {"mpi.sh", "sh"}, {"kubernetes.yaml", "yaml"}})
    EXPECT_NE(document.find("```" + std::string(kind) + "\n" + content(scripts / name) + "```\n"), std::string::npos)
        << name;
  EXPECT_EQ(count_of(document, "```"), 5 * 2u) << "the loop, which ALoopInAShell runs, and the four";
}

TEST_F(ClusterScripts, ALoopInAShell) {
  const std::string document = content(fs::path(WHYCAM_SOURCE_DIR) / "docs/clusters.md");
  const std::size_t begin = document.find("```sh\n") + 6;
  ASSERT_EQ(sh(document.substr(begin, document.find("```", begin) - begin)), 0) << content(folder_ / "err");
  EXPECT_EQ(lines_in(folder_ / "work/maps").size(), 31u);
  EXPECT_TRUE(fs::exists(folder_ / "work/maps/contact-sheet-2.svg"));
}

TEST_F(ClusterScripts, OfAnArrayOfSlurm) {
  const std::string script = content(scripts / "array.sbatch");
  ASSERT_EQ(behind(script, "#SBATCH --array="), "0-15");
  const Variables array({{"SLURM_ARRAY_TASK_MIN", "0"},
                         {"SLURM_ARRAY_TASK_MAX", "15"},
                         {"SLURM_ARRAY_TASK_STEP", "1"},
                         {"SLURM_ARRAY_TASK_COUNT", "16"},
                         {"SLURM_CPUS_PER_TASK", "1"},
                         {"SLURM_PROCID", "0"}});
  for (int task = 0; task < 16; ++task)
    ASSERT_EQ(
        sh("SLURM_ARRAY_TASK_ID=" + std::to_string(task) + " sh " + test::quoted((scripts / "array.sbatch").string())),
        0)
        << content(folder_ / "err");
  expect_all_by_sixteen();
}

TEST_F(ClusterScripts, OfAStepOfSlurm) {
  const Variables job({{"SLURM_NTASKS", behind(content(scripts / "srun.sbatch"), "#SBATCH --ntasks=")},
                       {"SLURM_PROCID", "0"},
                       {"SLURM_CPUS_PER_TASK", "1"}});
  ASSERT_EQ(sh("sh " + test::quoted((scripts / "srun.sbatch").string())), 0) << content(folder_ / "err");
  EXPECT_TRUE(fs::exists(folder_ / "work/maps/report.html"));
  expect_all_by_sixteen();
}

TEST_F(ClusterScripts, OfAnMpiLauncher) {
  std::ofstream(folder_ / "work/photos/bad.png") << "no picture";
  ASSERT_EQ(sh("sh " + test::quoted((scripts / "mpi.sh").string())), 0) << content(folder_ / "err");
  EXPECT_TRUE(fs::exists(folder_ / "work/maps/report.html"));
  fs::remove(folder_ / "work/photos/bad.png");
  EXPECT_EQ(lines_in(folder_ / "work/maps").size(), 31 + 1u) << "one was skipped";
}

TEST_F(ClusterScripts, OfAnIndexedJobOfKubernetes) {
  const std::string job = content(scripts / "kubernetes.yaml"), count = behind(job, "completions: ");
  ASSERT_EQ(count, "16");
  ASSERT_NE(job.find("{name: WHYCAM_SHARDS, value: \"" + count + "\"}"), std::string::npos);
  ASSERT_NE(job.find("command: [sh, -c]"), std::string::npos);
  const Variables pod(std::vector<std::pair<std::string, std::string>>{{"WHYCAM_SHARDS", count}});
  for (int index = 0; index < 16; ++index)
    ASSERT_EQ(sh("export JOB_COMPLETION_INDEX=" + std::to_string(index) + "; " + behind(job, "args:\n            - ")),
              0)
        << content(folder_ / "err");
  expect_all_by_sixteen();
}

}  // namespace
}  // namespace whycam::test
