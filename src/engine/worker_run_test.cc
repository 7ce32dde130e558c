// The course of a worker, in a child of this program with a network that does nothing.
#include "engine/worker_run.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "engine/worker_protocol.h"

namespace isojoule {
namespace {

class HoldingNetwork final : public WorkerNetwork {
 public:
  explicit HoldingNetwork(std::size_t bytes) : bytes_(bytes) {}

 private:
  Status do_load() override {
    held_.assign(bytes_, 'x');
    return {};
  }
  Status do_initialise() override { return {}; }
  Result<std::vector<TensorSpec>> do_inputs() override {
    return std::vector<TensorSpec>{{"x", ElementType::float32, {1, 4}}};
  }
  Status do_add_batch(std::vector<Tensor>) override { return {}; }
  Status do_run(std::size_t) override { return {}; }
  Result<std::vector<Tensor>> do_outputs() override { return std::vector<Tensor>{}; }
  Result<std::vector<LayerTime>> do_profile(std::int64_t) override {
    return std::vector<LayerTime>{};
  }
  void do_tear_down() override { std::vector<char>().swap(held_); }
  std::map<std::string, std::string> do_notes() const override { return {}; }

  std::size_t bytes_;
  std::vector<char> held_;
};

Result<std::unique_ptr<WorkerNetwork>> open_holding(const Job& job, const CommonOptions&) {
  return std::make_unique<HoldingNetwork>(std::stoull(job.options.at("hold")));
}

// Notes of a run that holds so many bytes from its load to its tear-down.
std::map<std::string, std::string> notes_with(std::size_t bytes) {
  std::map<std::string, std::string> notes;
  const auto model = std::filesystem::path(testing::TempDir()) /
                     ("isojoule_worker_run_" + std::to_string(getpid()) + ".onnx");
  std::ofstream(model) << "any bytes";
  Job job;
  job.model_path = model.string();
  job.options["hold"] = std::to_string(bytes);
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], kWorkerDescriptor);
    for (const int end : ends)
      if (end != kWorkerDescriptor) close(end);
    const WorkerKind kind{"holding", open_holding, nullptr};
    worker_main(1, nullptr, kind);
    _exit(9);  // it does not come back
  }
  close(ends[1]);
  const std::string sent = encode_job(job);
  EXPECT_EQ(write(ends[0], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
  LineBuffer lines;
  char buffer[4096];
  for (ssize_t count = 0; (count = read(ends[0], buffer, sizeof(buffer))) > 0;) {
    EXPECT_TRUE(lines.append({buffer, static_cast<std::size_t>(count)}));
    while (const auto line = lines.next()) {
      const auto events = decode_events(*line);
      EXPECT_TRUE(events) << *line;
      if (!events) continue;
      for (const Event& event : *events) {
        if (event.kind == EventKind::note) notes[event.key] = event.value;
        EXPECT_NE(event.kind, EventKind::failed) << *line;
      }
    }
  }
  close(ends[0]);
  int state = 0;
  waitpid(child, &state, 0);
  EXPECT_EQ(state, 0);
  std::filesystem::remove(model);
  return notes;
}

TEST(WorkerRun, says_the_most_memory_that_it_had) {
  constexpr std::size_t held = std::size_t{96} << 20;
  const auto without = notes_with(0), with = notes_with(held);
  ASSERT_TRUE(without.contains("peak_memory_bytes"));
  ASSERT_TRUE(with.contains("peak_memory_bytes"));
  EXPECT_GE(std::stoll(with.at("peak_memory_bytes")), static_cast<std::int64_t>(held));
  // A child without exec has what this program has, too; the counts are a mebibyte wrong at most.
  EXPECT_GE(std::stoll(with.at("peak_memory_bytes")) - std::stoll(without.at("peak_memory_bytes")),
            static_cast<std::int64_t>(held) - (std::int64_t{2} << 20));
}

}  // namespace
}  // namespace isojoule
