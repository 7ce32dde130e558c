// isojoule-fleet-bench: many simulated agents on one real server, and the real coordinator.
//
// Every agent has a connection of its own, takes blocks, publishes runs that are ready made, and
// says done; nothing is measured. First the queue alone: how many blocks a second the server hands
// out. Then a whole study: how fast it is collected, whether each run is there once, and what
// memory the coordinator needs.
#include <fmt/format.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <new>
#include <thread>
#include <vector>

#include "app/fleet/coordinator.h"
#include "app/fleet/fake_agent.h"
#include "app/fleet/fleet_study.h"
#include "base/peak_memory.h"
#include "data/study_file.h"
#include "fleet/catalogue.h"

namespace {

using namespace isojoule;
namespace fs = std::filesystem;

struct BenchArguments {
  int agents = 1000, processes = 4;
  int values = 100, repeats = 400, block_runs = 5;
  std::string server = "nats-server";
};

// Between this process and those of the agents.
struct SharedCounts {
  std::atomic<int> ready{0};
  std::atomic<int> phase{0};  // 1: the queue alone; 2: a study; 3: the end
  std::atomic<std::int64_t> taken{0}, failed{0};
  std::atomic<std::int64_t> again{0};  // of those of the queue: not delivered for the first time
  std::atomic<std::int64_t> first_ns{0}, last_ns{0};
  // When this many were taken: a block that came too late for who asked waits for its claim's end,
  // so that the very last say nothing of the rate.
  std::atomic<std::int64_t> most{0}, most_ns{0};
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A server of this program's own, gone at its end.
class OwnServer {
 public:
  OwnServer(const std::string& program, fs::path folder) : folder_(std::move(folder)) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);  // nor does it outlive a bench that is killed
    ::execlp(program.c_str(), program.c_str(), "-a", "127.0.0.1", "-p", "-1", "-js", "-sd",
             folder_.c_str(), "--ports_file_dir", folder_.c_str(), "-l", (folder_ / "log").c_str(),
             nullptr);
    ::_exit(127);
  }
  ~OwnServer() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  OwnServer(const OwnServer&) = delete;
  OwnServer& operator=(const OwnServer&) = delete;

  std::string wait_url() const {
    for (int tries = 0; tries < 400; ++tries) {
      for (const auto& item : fs::directory_iterator(folder_)) {
        if (item.path().extension() != ".ports") continue;
        std::ifstream file(item.path());
        const std::string text((std::istreambuf_iterator<char>(file)), {});
        const std::size_t begin = text.find("nats://");
        if (begin != std::string::npos) return text.substr(begin, text.find('"', begin) - begin);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return "";
  }

 private:
  fs::path folder_;
  pid_t pid_ = -1;
};

void note_taken(SharedCounts& counts) {
  const std::int64_t now = now_ns();
  std::int64_t none = 0;
  counts.first_ns.compare_exchange_strong(none, now);
  counts.last_ns = now;
  if (++counts.taken == counts.most) counts.most_ns = now;
}

constexpr const char* kQueueStudy = "bench-queue";

// The queue alone.
void drain_queue(fleet::Bus& bus, SharedCounts& counts) {
  auto queue = bus.queue(fleet::kBlocks, fleet::lane_queue(kQueueStudy, 0));
  if (!queue) {
    ++counts.failed;
    return;
  }
  while (counts.phase == 1) {
    auto claim = (*queue)->take(Duration::milliseconds(2000));
    if (!claim && claim.error().kind == ErrorKind::not_found) {
      // The bench removes the queue when it is empty.
      while (counts.phase == 1) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } else if (!claim) {
      ++counts.failed;
    } else if (*claim) {
      note_taken(counts);
      if ((*claim)->deliveries() > 1) ++counts.again;
      if (!(*claim)->done()) ++counts.failed;
    }
  }
}

// Whatever study is open.
void work_at_study(fleet::Bus& bus, FakeAgent& agent, SharedCounts& counts) {
  std::string study;
  while (counts.phase == 2 && study.empty()) {
    const auto studies = fleet::studies(bus);
    if (studies)
      for (const fleet::StudyRecord& record : *studies)
        if (!record.closed) study = record.study;
    if (study.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  while (counts.phase == 2) {
    const auto worked = agent.work(study, 0, Duration::milliseconds(500));
    // The coordinator removes the queue when it has everything.
    if (!worked && worked.error().kind == ErrorKind::not_found) continue;
    if (!worked && counts.phase == 2) {
      ++counts.failed;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    } else if (worked && *worked) {
      note_taken(counts);
    }
  }
}

void live(const std::string& url, int number, SharedCounts& counts) {
  fleet::BusOptions options;
  options.url = url;
  options.client = fmt::format("bench agent {}", number);
  options.patience = Duration::milliseconds(60'000);
  const auto bus = fleet::Bus::connect(options);
  if (!bus) {
    fmt::print(stderr, "agent {}: {}\n", number, to_string(bus.error()));
    ++counts.failed;
    ++counts.ready;
    return;
  }
  fleet::BoardCard card = FakeAgent::simple_card(fmt::format("board-{}", number));
  FakeAgent agent(**bus, card);
  ++counts.ready;
  while (counts.phase == 0) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  drain_queue(**bus, counts);
  work_at_study(**bus, agent, counts);
}

[[noreturn]] void be_agents(const std::string& url, int first, int last, SharedCounts& counts) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  {
    std::vector<std::jthread> agents;
    for (int number = first; number < last; ++number)
      agents.emplace_back([&url, number, &counts] { live(url, number, counts); });
  }
  ::_exit(0);
}

struct PhaseFigures {
  std::int64_t blocks = 0;
  double seconds = 0;  // until 99 % of them were taken
  double all_s = 0;
  double rate() const { return seconds > 0 ? 0.99 * static_cast<double>(blocks) / seconds : 0; }
};

void expect_blocks(SharedCounts& counts, std::int64_t blocks) {
  counts.taken = counts.first_ns = counts.last_ns = counts.most_ns = 0;
  counts.most = std::max<std::int64_t>(1, blocks * 99 / 100);
}

PhaseFigures figures_of(const SharedCounts& counts) {
  const auto seconds = [&](std::int64_t end) {
    return static_cast<double>(end - counts.first_ns) * 1e-9;
  };
  return {counts.taken, seconds(counts.most_ns), seconds(counts.last_ns)};
}

std::int64_t blocks_of(const BenchArguments& arguments) {
  return static_cast<std::int64_t>(arguments.values) * arguments.repeats / arguments.block_runs;
}

std::string plan_text(const BenchArguments& arguments, const fs::path& network) {
  std::string values;
  for (int i = 0; i < arguments.values; ++i)
    values += fmt::format("{}{}", i == 0 ? "" : ", ", i + 1);
  return fmt::format(
      "name = \"bench\"\nboard = \"test-board\"\n[protocol]\nrepeats = {}\nseed = 1\n[[grid]]\n"
      "name = \"batches\"\nnetworks = [\"{}\"]\naxes = {{ batch = [{}] }}\n",
      arguments.repeats, network.string(), values);
}

Result<PhaseFigures> measure_queue(const std::string& url, std::int64_t blocks,
                                   SharedCounts& counts) {
  fleet::BusOptions options;
  options.url = url;
  ISOJOULE_TRY(const auto bus, fleet::Bus::connect(options));
  ISOJOULE_CHECK(fleet::set_up(*bus, 1));
  fleet::StudyRecord record;
  record.study = kQueueStudy;
  ISOJOULE_CHECK(make_lanes(*bus, record, Duration::milliseconds(60'000)));
  std::vector<fleet::BlockMessage> made(static_cast<std::size_t>(blocks));
  std::vector<const fleet::BlockMessage*> all;
  for (std::size_t i = 0; i < made.size(); ++i) {
    made[i].study = kQueueStudy;
    made[i].block = static_cast<std::int64_t>(i);
    PlannedRun run;
    run.network = "none";
    made[i].runs = {run};
    all.push_back(&made[i]);
  }
  const std::atomic<bool> interrupted(false);
  const std::int64_t begin = now_ns();
  ISOJOULE_TRY(const PublishTally tally, publish_blocks(*bus, all, interrupted));
  fmt::print("published      {:>9} blocks  {:>9.0f} /s\n", tally.published,
             static_cast<double>(tally.published) / (static_cast<double>(now_ns() - begin) * 1e-9));
  expect_blocks(counts, blocks);
  counts.phase = 1;
  while (counts.taken < blocks) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const PhaseFigures figures = figures_of(counts);
  ISOJOULE_CHECK(bus->remove_queue(fleet::kBlocks, fleet::lane_queue(kQueueStudy, 0)));
  return figures;
}

struct StudyFigures {
  PhaseFigures blocks;
  FleetSweepResult result;
  double seconds = 0;
  std::int64_t rows = 0;
};

Result<StudyFigures> measure_study(const std::string& url, const BenchArguments& arguments,
                                   const fs::path& folder, SharedCounts& counts) {
  std::ofstream(folder / "net.onnx") << "no network";
  std::ofstream(folder / "plan.toml") << plan_text(arguments, folder / "net.onnx");
  FleetSweepRequest request;
  request.plan_path = folder / "plan.toml";
  request.study_path = folder / "bench.study";
  request.bus.url = url;
  request.bus.patience = Duration::milliseconds(60'000);
  request.blocks.block_runs = arguments.block_runs;
  request.claim = Duration::milliseconds(120'000);
  {
    ISOJOULE_TRY(const auto bus, fleet::Bus::connect(request.bus));
    for (int number = 0; number < arguments.agents; ++number) {
      FakeAgent agent(*bus, FakeAgent::simple_card(fmt::format("board-{}", number)));
      ISOJOULE_CHECK(agent.come());
    }
  }
  Paths paths;
  paths.cache = folder / "cache";
  expect_blocks(counts, blocks_of(arguments));
  counts.phase = 2;
  StudyFigures figures;
  const std::int64_t begin = now_ns();
  const std::atomic<bool> interrupted(false);
  ISOJOULE_TRY(figures.result, sweep_fleet(paths, request, interrupted, {}));
  figures.seconds = static_cast<double>(now_ns() - begin) * 1e-9;
  counts.phase = 3;
  figures.blocks = figures_of(counts);
  ISOJOULE_TRY(const auto study, StudyFile::open(request.study_path, StudyFile::Mode::read));
  ISOJOULE_TRY(const auto sequences, study->sequences());
  figures.rows = static_cast<std::int64_t>(sequences.size());
  return figures;
}

Result<int> run_bench(const BenchArguments& arguments, const std::string& url,
                      const fs::path& folder, SharedCounts& counts) {
  while (counts.ready < arguments.agents)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  fmt::print("{} agents in {} processes, each with its own connection; {} processors\n",
             arguments.agents, arguments.processes, ::sysconf(_SC_NPROCESSORS_ONLN));
  const std::int64_t blocks = blocks_of(arguments);
  ISOJOULE_TRY(const PhaseFigures queue, measure_queue(url, blocks, counts));
  fmt::print(
      "handed out     {:>9} blocks  {:>9.0f} /s   (goal 2,000; 99 % of them, the last after {:.1f} "
      "s)\n",
      queue.blocks, queue.rate(), queue.all_s);
  fmt::print("again          {:>9} of them were delivered more than once\n", counts.again.load());
  ISOJOULE_TRY(const StudyFigures study, measure_study(url, arguments, folder, counts));
  const auto runs = static_cast<double>(study.result.collected);
  fmt::print("a study        {:>9} blocks  {:>9.0f} /s\n", study.blocks.blocks,
             study.blocks.rate());
  fmt::print("collected      {:>9} runs    {:>9.0f} /s   in {:.1f} s\n", study.result.collected,
             runs / study.seconds, study.seconds);
  fmt::print("once each      {:>9} of {} runs; {} came twice\n", study.rows, study.result.planned,
             study.result.twice);
  const auto peak = own_peak_memory();
  fmt::print("coordinator    {:>9.0f} MB at most         (goal 500)\n",
             peak ? static_cast<double>(*peak) * 1e-6 : 0.0);
  fmt::print("agents' errors {:>9}\n", counts.failed.load());
  return study.rows == study.result.planned ? 0 : 1;
}

void allow_many_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int count, char** words) {
  BenchArguments arguments;
  CLI::App app("Simulated agents on one real server, and the coordinator");
  app.add_option("--agents", arguments.agents, "Simulated agents")->check(CLI::Range(1, 10'000));
  app.add_option("--processes", arguments.processes, "Processes that they live in")
      ->check(CLI::Range(1, 100));
  app.add_option("--values", arguments.values, "Settings of the plan")
      ->check(CLI::Range(1, 10'000));
  app.add_option("--repeats", arguments.repeats, "Repeats of each")->check(CLI::Range(1, 100'000));
  app.add_option("--block-runs", arguments.block_runs, "Runs of a block")
      ->check(CLI::Range(1, 2000));
  app.add_option("--server", arguments.server, "The server's program");
  CLI11_PARSE(app, count, words);
  allow_many_files();
  char name[] = "/tmp/isojoule-fleet-bench-XXXXXX";
  if (::mkdtemp(name) == nullptr) return 1;
  const fs::path folder = name;
  void* memory = ::mmap(nullptr, sizeof(SharedCounts), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 1;
  SharedCounts& counts = *new (memory) SharedCounts;
  int status = 1;
  std::vector<pid_t> children;
  {
    const OwnServer server(arguments.server, folder);
    const std::string url = server.wait_url();
    // Before this process has threads.
    for (int i = 0; i < arguments.processes && !url.empty(); ++i) {
      const pid_t child = ::fork();
      if (child == 0)
        be_agents(url, arguments.agents * i / arguments.processes,
                  arguments.agents * (i + 1) / arguments.processes, counts);
      children.push_back(child);
    }
    const auto result =
        url.empty() ? Result<int>(fail(ErrorKind::not_found, arguments.server + " did not start"))
                    : run_bench(arguments, url, folder, counts);
    if (!result) fmt::print(stderr, "{}\n", to_string(result.error()));
    status = result.value_or(1);
    counts.phase = 3;
    for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  }
  fs::remove_all(folder);
  return status;
}
