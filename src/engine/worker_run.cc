#include "engine/worker_run.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "base/file_tree.h"
#include "engine/memory_note.h"
#include "engine/warm_up.h"
#include "tensor/input.h"
#include "tensor/npy.h"
#include "tensor/post.h"

namespace isojoule {
namespace {

constexpr const char* kMemoryRemedy = "Take a smaller batch or network, or end other programs.";

// Counts what the process has written to; mapped libraries and reserved addresses are free
// (RLIMIT_DATA of Linux 4.7, setrlimit(2)).
Status limit_memory(std::int64_t mebibytes) {
  if (mebibytes == 0) return {};
  const auto bytes = static_cast<rlim_t>(mebibytes) << 20;
  const rlimit limit{bytes, bytes};
  if (setrlimit(RLIMIT_DATA, &limit) == 0) return {};
  return tl::unexpected<Error>(error_from_errno(errno, "memory_limit_mib", "limit the memory"));
}

class WorkerRun {
 public:
  WorkerRun(Job job, WorkerChannel& channel, const WorkerKind& kind)
      : job_(std::move(job)), channel_(channel), kind_(kind) {}

  Status make() {
    ISOJOULE_TRY(common_, take_common_options(job_.options));
    ISOJOULE_TRY(InputOptions input_options, take_input_options(job_.options));
    ISOJOULE_TRY(post_options_, take_post_options(job_.options));
    input_options.limits = common_.limits;
    ISOJOULE_CHECK(start());
    // Behind the library's own start: with less than it holds already, nobody would say so well.
    ISOJOULE_CHECK(limit_memory(common_.memory_limit_mib));
    ISOJOULE_CHECK(phase(PhaseKind::load, [&] { return network_->load(); }));
    ISOJOULE_CHECK(phase(PhaseKind::graph_initialisation, [&] { return network_->initialise(); }));
    for (const auto& [key, value] : network_->notes()) channel_.note(key, value);
    ISOJOULE_CHECK(make_inputs(input_options));
    ISOJOULE_CHECK(phase(PhaseKind::first_inference, [&] { return network_->run(0); }));
    ISOJOULE_CHECK(warm_up());
    ISOJOULE_CHECK(infer());
    ISOJOULE_CHECK(treat_outputs());
    ISOJOULE_CHECK(profile());
    return phase(PhaseKind::tear_down, [&]() -> Status {
      network_->tear_down();
      return {};
    });
  }

 private:
  template <typename Work>
  Status phase(PhaseKind kind, Work work) {
    channel_.phase_begin(kind);
    ISOJOULE_CHECK(work());
    channel_.phase_end(kind);
    return {};
  }

  // The engine's library is part of the process's start.
  Status start() {
    if (job_.started.ns > 0)
      channel_.phase_begin_at(PhaseKind::process_start, job_.started);
    else
      channel_.phase_begin(PhaseKind::process_start);
    ISOJOULE_TRY(network_, kind_.open(job_, common_));
    channel_.phase_end(PhaseKind::process_start);
    return {};
  }

  Status make_inputs(const InputOptions& options) {
    ISOJOULE_TRY(const std::vector<TensorSpec> specs, network_->inputs());
    for (const TensorSpec& spec : specs)
      channel_.note("input " + spec.name, shape_words(spec.shape));
    ISOJOULE_TRY(const InputSource source, open_inputs(specs, options, job_.seed));
    PreparedInputs prepared;
    ISOJOULE_CHECK(phase(PhaseKind::inputs, [&]() -> Status {
      ISOJOULE_TRY(prepared, prepare_inputs(source));
      return {};
    }));
    note_inputs(source, prepared);
    batches_prepared_ = prepared.batches.size();
    for (std::vector<Tensor>& batch : prepared.batches)
      ISOJOULE_CHECK(network_->add_batch(std::move(batch)));
    return {};
  }

  void note_inputs(const InputSource& source, const PreparedInputs& prepared) {
    channel_.note("inputs", std::to_string(prepared.counts.inputs) + " of kind " +
                                std::string(name_of(source.kind)));
    const auto count = [&](const char* key, std::int64_t value) {
      if (value > 0) channel_.note(key, std::to_string(value));
    };
    count("input files", prepared.counts.files);
    count("tokens", prepared.counts.tokens);
    count("unknown tokens", prepared.counts.unknown_tokens);
    count("texts cut off", prepared.counts.truncated_texts);
    int number = 0;
    for (const std::string& note : prepared.notes)
      channel_.note("about inputs" + (++number > 1 ? " " + std::to_string(number) : ""), note);
  }

  Status warm_up() {
    WarmUp plan(job_);
    if (!plan.wanted()) return {};
    ISOJOULE_CHECK(phase(PhaseKind::warm_up, [&]() -> Status {
      for (std::size_t i = 1; !plan.done(); ++i) {
        const Instant begin = worker_now();
        ISOJOULE_CHECK(network_->run(i % batches_prepared_));
        plan.add(begin, worker_now());
        channel_.stay_in_touch();
      }
      return {};
    }));
    channel_.note("warm_up", plan.words());
    return {};
  }

  Status infer() {
    const std::int64_t batches = (job_.inferences + job_.batch - 1) / job_.batch;
    channel_.expect_marks(static_cast<std::size_t>(batches));
    return phase(PhaseKind::inference, [&]() -> Status {
      std::size_t next = 0;
      for (std::int64_t i = 0; i < batches; ++i) {
        const Instant begin = worker_now();
        ISOJOULE_CHECK(network_->run(next));
        channel_.mark(begin, worker_now());
        if (++next == batches_prepared_) next = 0;
      }
      return {};
    });
  }

  // The last batch's outputs stand for those of every prepared batch.
  Status treat_outputs() {
    ISOJOULE_TRY(const std::vector<Tensor> outputs, network_->outputs());
    for (const Tensor& output : outputs)
      if (!all_finite(output))
        return fail(ErrorKind::engine,
                    "output '" + output.spec.name + "' holds values that are not finite",
                    "Look at the model's weights and the inputs' range, or try graph=dynamic.");
    ISOJOULE_CHECK(save(outputs));
    if (post_options_.task == PostTask::automatic) post_options_.task = find_task(outputs);
    if (post_options_.task == PostTask::none) return {};
    PostResult result;
    ISOJOULE_CHECK(phase(PhaseKind::post_processing, [&]() -> Status {
      for (std::size_t i = 0; i < batches_prepared_; ++i) {
        ISOJOULE_TRY(result, post_process(outputs, post_options_));
      }
      return {};
    }));
    channel_.note("post-processing",
                  std::string(name_of(result.task)) + " of " +
                      std::to_string(batches_prepared_ * static_cast<std::size_t>(job_.batch)) +
                      " outputs");
    if (!result.words.empty()) channel_.note("result", result.words);
    return {};
  }

  Status save(const std::vector<Tensor>& outputs) const {
    if (common_.save_outputs.empty()) return {};
    std::error_code code;
    std::filesystem::create_directories(common_.save_outputs, code);
    if (code)
      return tl::unexpected<Error>(
          error_from_errno(code.value(), common_.save_outputs, "make the folder of save_outputs"));
    for (const Tensor& output : outputs)
      ISOJOULE_CHECK(
          write_npy(output, common_.save_outputs + "/" + npy_file_name(output.spec.name)));
    return {};
  }

  Status profile() {
    if (job_.profile_batches <= 0) return {};
    return phase(PhaseKind::profiling, [&]() -> Status {
      const auto layers = network_->profile(job_.profile_batches);
      // The run is measured; without layers it is worth as much as without --per-layer.
      // Profilers take memory of their own, beside the network that has just run.
      if (!layers &&
          (layers.error().kind == ErrorKind::unsupported || is_out_of_memory(layers.error()))) {
        channel_.note("layers", "absent: " + layers.error().what);
        return {};
      }
      if (!layers) return tl::unexpected<Error>(layers.error());
      channel_.layers(*layers);
      return {};
    });
  }

  Job job_;
  WorkerChannel& channel_;
  const WorkerKind& kind_;
  CommonOptions common_;
  PostOptions post_options_;
  std::unique_ptr<WorkerNetwork> network_;
  std::size_t batches_prepared_ = 1;
};

Status run(Job job, WorkerChannel& channel, const WorkerKind& kind) {
  try {
    return WorkerRun(std::move(job), channel, kind).make();
  } catch (const std::bad_alloc&) {
    return fail(ErrorKind::engine, "out of memory: no room for the model or its inputs",
                kMemoryRemedy);
  } catch (const std::length_error&) {
    return fail(ErrorKind::engine, "out of memory: a tensor larger than any memory", kMemoryRemedy);
  }
}

// "key=value" lines for `isojoule probe`.
int describe(const WorkerKind& kind) {
  const auto found = kind.describe();
  if (!found) {
    std::fprintf(stderr, "%s\n", to_string(found.error()).c_str());
    return 1;
  }
  for (const auto& [key, value] : *found) std::printf("%s=%s\n", key.c_str(), value.c_str());
  std::fflush(stdout);
  return 0;
}

}  // namespace

int worker_main(int argc, char** argv, const WorkerKind& kind) {
  if (argc == 2 && std::strcmp(argv[1], "--describe") == 0) _exit(describe(kind));
  WorkerChannel channel;
  Result<Job> job = channel.receive_job();
  if (!job) {
    // Without a job there may be nobody at the other end; started by hand, this is what one sees.
    std::fprintf(stderr, "%s\n", to_string(job.error()).c_str());
    if (job.error().kind != ErrorKind::io) channel.failed(job.error());
    _exit(2);
  }
  const Status status = run(std::move(*job), channel, kind);
  if (status) {
    const MemoryNote memory = own_memory_note();
    channel.note(memory.key, memory.value);
    channel.finished();
  } else {
    channel.failed(status.error());
  }
  _exit(status ? 0 : 1);
}

}  // namespace isojoule
