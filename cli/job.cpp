#include "job.h"

#include <array>
#include <cstdlib>

#include "exit_code.h"

namespace whycam::cli {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Failure(ExitCode::usage, "no shard of the inputs follows from the job around this process: " + what +
                                     "; --shard K/N says it, and --shard 1/1 is all");
}

/// A place from 0 on among so many.
struct Place {
  std::uint64_t index = 0, count = 1;
  std::string source;
};

class Job {
 public:
  explicit Job(const Environment& environment) : environment_(environment) {}

  JobShard shard() {
    const Place outer = has("SLURM_ARRAY_TASK_ID") ? array_task() : indexed_pod();
    const Place inner = process();
    if (outer.count * inner.count > most_shards)
      fail(std::to_string(outer.count) + " times " + std::to_string(inner.count) + " are too many");
    const std::string between = outer.source.empty() || inner.source.empty() ? "" : ", and in it ";
    return {{outer.index * inner.count + inner.index + 1, outer.count * inner.count},
            outer.source + between + inner.source,
            std::move(notes_)};
  }

 private:
  bool has(const std::string& name) const { return environment_(name).has_value(); }

  std::string said(const std::string& name) const { return name + "=" + environment_(name).value_or(""); }

  std::uint64_t number(const std::string& name) const {
    const auto text = environment_(name);
    if (!text) fail(name + " is not set");
    const auto number = short_number(*text);
    if (!number) fail(said(name) + " is no whole number from 0 on");
    return *number;
  }

  Place place(const std::string& index, const std::string& count) const {
    const Place place{number(index), number(count), said(index) + " of " + said(count)};
    if (place.count == 0 || place.index >= place.count) fail(said(index) + " is not below " + said(count));
    return place.count > 1 ? place : Place();
  }

  /// Tasks of an array are shared out where their numbers have no gaps; otherwise some shards would be nobody's.
  Place array_task() const {
    const std::uint64_t task = number("SLURM_ARRAY_TASK_ID"), least = number("SLURM_ARRAY_TASK_MIN"),
                        step = has("SLURM_ARRAY_TASK_STEP") ? number("SLURM_ARRAY_TASK_STEP") : 1,
                        count = number("SLURM_ARRAY_TASK_COUNT");
    const std::string source = said("SLURM_ARRAY_TASK_ID") + " of " + said("SLURM_ARRAY_TASK_COUNT");
    if (count == 0 || step == 0 || task < least) fail(source + ", " + said("SLURM_ARRAY_TASK_MIN"));
    const bool has_gaps = has("SLURM_ARRAY_TASK_MAX") && (number("SLURM_ARRAY_TASK_MAX") - least) / step + 1 != count;
    if (count > 1 && (has_gaps || (task - least) % step != 0 || (task - least) / step >= count))
      fail(source + ": the numbers of the array's tasks are not evenly spaced (use --array=0-" +
           std::to_string(count - 1) + ")");
    return count > 1 ? Place{(task - least) / step, count, source} : Place();
  }

  Place indexed_pod() {
    if (!has("JOB_COMPLETION_INDEX")) return {};
    for (const char* count : {"WHYCAM_SHARDS", "JOB_COMPLETIONS"})
      if (has(count)) return place("JOB_COMPLETION_INDEX", count);
    notes_.push_back(said("JOB_COMPLETION_INDEX") +
                     " has no count of which it is one: set WHYCAM_SHARDS in the job to its completions, and each pod "
                     "has its shard");
    return {};
  }

  /// What a launcher started, which need not be a step of Slurm's: mpirun comes before it, since it starts its own
  /// daemons with srun.
  Place process() {
    constexpr std::array<std::array<const char*, 2>, 2> launchers{
        {{"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"}, {"PMI_RANK", "PMI_SIZE"}}};
    for (const auto& [rank, size] : launchers)
      if (has(rank) && has(size)) return place(rank, size);
    if (is_step()) return place("SLURM_PROCID", has("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS");
    if (has("PMIX_RANK") && has("WHYCAM_SHARDS") && !has("JOB_COMPLETION_INDEX"))
      return place("PMIX_RANK", "WHYCAM_SHARDS");
    if (has("PMIX_RANK"))
      notes_.push_back(said("PMIX_RANK") + " has no count of which it is one: set WHYCAM_SHARDS to it");
    note_batch_script();
    return {};
  }

  /// A job's batch script runs once, however many tasks the job has, and has the number of the first. It is no step, or
  /// one with a name or number of its own.
  bool is_step() const {
    const std::string step = environment_("SLURM_STEP_ID").value_or("batch"), batch_script = "4294967291";
    return has("SLURM_PROCID") && step.find_first_not_of("0123456789") == std::string::npos && step != batch_script;
  }

  void note_batch_script() {
    if (!has("SLURM_PROCID") || !has("SLURM_NTASKS") || number("SLURM_NTASKS") < 2) return;
    notes_.push_back("the job has " + said("SLURM_NTASKS") +
                     ", and this is its one batch script: srun whycam ... shares the inputs among its tasks");
  }

  const Environment& environment_;
  std::vector<std::string> notes_;
};

}  // namespace

std::optional<std::string> variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value && *value ? std::optional<std::string>(value) : std::nullopt;
}

JobShard shard_of_job(const Environment& environment) { return Job(environment).shard(); }

}  // namespace whycam::cli
