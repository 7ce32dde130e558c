#include "kill/rounds.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <thread>
#include <vector>

#include "app/guard_place.h"
#include "board/restore.h"

namespace isojoule::kill {
namespace {

namespace fs = std::filesystem;
using SteadyClock = std::chrono::steady_clock;
using Texts = std::map<std::string, std::string>;

constexpr double kPatience_s = 5;  // until the program has taken the board, on a busy machine
constexpr auto kLongestLife = std::chrono::microseconds(80'000);
constexpr std::array kSignals = {SIGKILL, SIGKILL, SIGTERM, SIGINT, SIGHUP, SIGSEGV};
constexpr Duration kKnobDeadline = Duration::milliseconds(20);
constexpr int kTurnsBeforeAbort = 5;

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// Every file that a program can change. What only follows the board's state (a mode that is shown
// writable, and moves by itself) is found by looking twice.
Texts settings(const std::string& root) {
  Texts texts;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_symlink() || !entry.is_regular_file()) continue;
    if ((entry.status().permissions() & fs::perms::owner_write) == fs::perms::none) continue;
    texts[entry.path().string().substr(root.size())] = text_of(entry.path());
  }
  return texts;
}

Texts steady_settings(const std::string& root) {
  Texts first = settings(root);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const Texts second = settings(root);
  std::erase_if(first, [&](const auto& entry) {
    const auto again = second.find(entry.first);
    return again == second.end() || again->second != entry.second;
  });
  return first;
}

// "" if all are as before, else the first that is not.
std::string first_difference(const Texts& before, const std::string& root) {
  for (const auto& [path, text] : before) {
    const std::string now = text_of(root + path);
    if (now != text) return path + ": '" + trimmed(text) + "' before, now '" + trimmed(now) + "'";
  }
  return {};
}

// The program under test: turns knobs for ever, until it is killed or kills itself.
[[noreturn]] void turn_for_ever(Board& board, const GuardOptions& options, std::uint64_t seed,
                                bool abort_inside, std::atomic<int>& turns) {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  // A sanitizer would make an exit status of some of them.
  for (const int signal : {SIGSEGV, SIGABRT, SIGTERM, SIGINT, SIGHUP}) std::signal(signal, SIG_DFL);
  const auto guard = BoardGuard::take(board, options);
  if (!guard) {
    std::fprintf(stderr, "%s\n", to_string(guard.error()).c_str());
    ::_exit(3);
  }
  std::mt19937_64 random(seed);
  for (;;) {
    Knob& knob = *board.knobs[random() % board.knobs.size()];
    if (knob.values().empty()) continue;
    // A mode that needs a reboot, a rate above a cap: refused, and that is fine here.
    (void)knob.set(knob.values()[random() % knob.values().size()], *board.clock, kKnobDeadline);
    if (++turns == kTurnsBeforeAbort && abort_inside) std::abort();
  }
}

double seconds_since(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

class Killer {
 public:
  Killer(const Rounds& rounds, Target& target, GuardOptions options)
      : rounds_(rounds),
        target_(target),
        options_(std::move(options)),
        random_(rounds.seed),
        turns_(*new (::mmap(nullptr, sizeof(std::atomic<int>), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0)) std::atomic<int>(0)) {}
  ~Killer() { ::munmap(&turns_, sizeof turns_); }
  Killer(const Killer&) = delete;
  Killer& operator=(const Killer&) = delete;

  Outcome run() {
    before_ = steady_settings(rounds_.root);
    for (int round = 0; round < rounds_.rounds && outcome_.fault.empty(); ++round) make(round);
    return outcome_;
  }

 private:
  void make(int round) {
    const int signal = kSignals[random_() % kSignals.size()];
    const auto life =
        std::chrono::microseconds(random_() % static_cast<std::uint64_t>(kLongestLife.count()));
    const bool abort_inside = random_() % 8 == 0;
    const bool is_late = random_() % 6 != 0;  // the others may die while they take the board
    const std::uint64_t seed = random_();
    turns_ = 0;
    const pid_t child = ::fork();
    if (child == 0) turn_for_ever(target_.board, options_, seed, abort_inside, turns_);
    if (!abort_inside) {
      if (is_late) wait_for_first_turn();
      std::this_thread::sleep_for(life);
      ::kill(child, signal);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const auto death = SteadyClock::now();
    const std::string where = "round " + std::to_string(round) + " (seed " +
                              std::to_string(rounds_.seed) + ", signal " + std::to_string(signal) +
                              "): ";
    if (!WIFSIGNALED(status)) {
      outcome_.fault = where + "the program could not take the board";
      return;
    }
    while (fs::exists(options_.journal) && seconds_since(death) < rounds_.limit_s)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const double took = seconds_since(death);
    if (took >= rounds_.limit_s) {
      const std::string keeper = text_of(options_.journal + kKeeperErrorSuffix);
      const auto again = restore_journal(*target_.own_tree, options_.journal, {.is_dead = true});
      outcome_.fault = where + "the journal is still there after the limit; keeper: '" +
                       trimmed(keeper) +
                       "'; by hand: " + (again ? "restored" : to_string(again.error()));
      return;
    }
    if (const std::string difference = first_difference(before_, rounds_.root);
        !difference.empty()) {
      outcome_.fault = where + difference;
      return;
    }
    ++outcome_.made;
    ++outcome_.by_signal[abort_inside ? "abort inside" : std::string(sigabbrev_np(signal))];
    outcome_.died_inside += abort_inside ? 1 : 0;
    outcome_.died_early += turns_ == 0 ? 1 : 0;
    outcome_.slowest_s = std::max(outcome_.slowest_s, took);
  }

  void wait_for_first_turn() {
    const auto begin = SteadyClock::now();
    while (turns_ == 0 && seconds_since(begin) < kPatience_s)
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }

  const Rounds& rounds_;
  Target& target_;
  GuardOptions options_;
  std::mt19937_64 random_;
  std::atomic<int>& turns_;  // of the process under test; shared memory
  Texts before_;
  Outcome outcome_;
};

}  // namespace

Outcome run_rounds(const Rounds& rounds) {
  Outcome outcome;
  const auto paths = find_paths();
  if (!paths) {
    outcome.fault = to_string(paths.error());
    return outcome;
  }
  TargetOptions options;
  options.sysroot = rounds.root;
  const auto target = open_target(*paths, options);
  if (!target) {
    outcome.fault = to_string(target.error());
    return outcome;
  }
  GuardOptions guard = guard_options(*paths, options, "kill_rounds");
  guard.keeper_program = rounds.program;
  return Killer(rounds, **target, guard).run();
}

}  // namespace isojoule::kill
