// Runs in the virtual machine of tests/kernel/run: holds what isojoule reads through the kernel's
// own INA3221 driver against what was put into the chip's registers. One line a check.
//
// usage: kernel_check prepare    the registers, before the driver is there
//        kernel_check run
//        kernel_check linux-4.9 PROGRAM ARGUMENT...    starts it with that kernel's system calls
//        alone
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "board/board.h"
#include "experiment/sampler.h"
#include "old_kernel.h"
#include "staircase.h"
#include "stub_chip.h"
#include "trace/integrate.h"

namespace isojoule::kernel_test {
namespace {

constexpr int kBus = 0;
constexpr double kShunt_ohm = 0.005;  // of VDD_IN in chip.dtsi
constexpr double kShuntOfCpu_ohm = 0.01;
constexpr const char* kChip = "/sys/bus/i2c/drivers/ina3221/0-0040/hwmon/hwmon0";
constexpr Level kRest{5000, 50};        // 5.000 V, 2 mV: 0.4 A, 2 W
constexpr Level kCpu{1096, 50};         // 1.096 V, 2 mV: 0.2 A
constexpr Level kNotConnected{400, 3};  // must never be seen

__attribute__((format(printf, 3, 4))) void say(bool good, const char* name, const char* format,
                                               ...) {
  std::printf("%s %s: ", good ? "ok" : "not ok", name);
  std::va_list values;
  va_start(values, format);
  std::vprintf(format, values);
  va_end(values);
  std::printf("\n");
  std::fflush(stdout);
}

bool near(double a, double b) { return std::abs(a - b) <= 1e-9 * std::max(1.0, std::abs(b)); }

class Checks {
 public:
  Checks(StubChip& chip, FileTree& tree, Clock& clock, std::string boards)
      : chip_(chip), tree_(tree), clock_(clock), boards_(std::move(boards)) {}
  void run();

 private:
  Result<Board> open();
  void readings(Board& board);
  void disabled_channel(const Board& board);
  void channel_that_goes_off(Board& board);
  struct Windows {
    double reported_s, by_register_s;
  };
  Result<Windows> windows();
  Status configure(const char* node, int value);
  void window(const char* name);
  void every_window();
  void staircase(Board& board);
  void judge(const Played& played, const Energy& found, std::size_t readings);

  StubChip& chip_;
  FileTree& tree_;
  Clock& clock_;
  std::string boards_;  // the folder with qemu-virt
};

Result<Board> Checks::open() {
  ISOJOULE_TRY(const Detected found, detect_board(boards_, tree_));
  ISOJOULE_TRY(const BoardFile file, load_board(boards_, found.board));
  return open_board(file, file.releases.back().name, tree_, clock_);
}

void Checks::run() {
  auto board = open();
  if (!board || board->sensors.size() != 1)
    return say(false, "the board opens", "%s",
               board ? "not one sensor" : to_string(board.error()).c_str());
  say(true, "the board opens", "%s", board->file.title.c_str());
  readings(*board);
  disabled_channel(*board);
  staircase(*board);
  channel_that_goes_off(*board);
  window("window of the power-on configuration");
  const Status samples = configure("samples", 16);
  window("window after another number of samples");
  const Status interval = configure("update_interval", 200);
  window("window after another update interval");
  say(samples && interval, "both nodes can be written", "16 samples, 200 ms");
  every_window();
  const Status back = configure("samples", 1);
  say(back && configure("update_interval", 4), "back to the first window", "1 sample, 4 ms");
}

// Labels decide, and the shunts are the kernel's, not the board file's.
void Checks::readings(Board& board) {
  Sensor& sensor = *board.sensors.front();
  const auto& channels = sensor.channels();
  if (channels.size() != 2)
    return say(false, "two channels give readings", "%zu do", channels.size());
  say(channels[0].rail == "VDD_IN" && channels[1].rail == "VDD_CPU", "labels of the device tree",
      "%s, %s", channels[0].rail.c_str(), channels[1].rail.c_str());
  const double quantum = channels[0].current_quantum.value();
  say(near(quantum, 40e-6 / kShunt_ohm) &&
          near(channels[1].current_quantum.value(), 40e-6 / kShuntOfCpu_ohm),
      "shunts of the device tree", "a step of %g A on VDD_IN", quantum);
  std::vector<RawReading> raw(channels.size());
  sensor.read(clock_, raw);
  say(raw[0].state == ReadingState::ok && raw[0].a == 5000 && raw[0].b == 400 &&
          raw[1].state == ReadingState::ok && raw[1].a == 1096 && raw[1].b == 200,
      "readings", "%d mV %d mA, %d mV %d mA", raw[0].a, raw[0].b, raw[1].a, raw[1].b);
}

void Checks::disabled_channel(const Board& board) {
  const auto& problems = board.sensors.front()->problems();
  const bool said = problems.size() == 1 && problems[0].kind == ErrorKind::no_data &&
                    problems[0].what.find("VDD_SPARE") != std::string::npos;
  say(said, "a disabled channel is out, with its reason", "%s",
      problems.empty() ? "nothing was said" : to_string(problems[0]).c_str());
  const auto direct = tree_.read(std::string(kChip) + "/curr3_input");
  say(!direct && direct.error().kind == ErrorKind::no_data, "its node answers ENODATA", "%s",
      direct ? direct->c_str() : to_string(direct.error()).c_str());
}

// While the sensor is open: the one channel gives no data, the other goes on.
void Checks::channel_that_goes_off(Board& board) {
  const std::string enable = std::string(kChip) + "/in2_enable";
  std::vector<RawReading> raw(2);
  const Status off = tree_.write(enable, "0");
  board.sensors.front()->read(clock_, raw);
  const auto gone = raw;
  const Status on = tree_.write(enable, "1");
  board.sensors.front()->read(clock_, raw);
  say(off && on && gone[0].state == ReadingState::ok && gone[1].state == ReadingState::no_data &&
          raw[1].state == ReadingState::ok,
      "a channel goes off and comes back", "VDD_CPU %s, then %s",
      gone[1].state == ReadingState::no_data ? "no data" : "a reading",
      raw[1].state == ReadingState::ok ? "a reading" : "none");
}

Status Checks::configure(const char* node, int value) {
  return tree_.write(std::string(kChip) + "/" + node, std::to_string(value));
}

// The window that the sensor reports, and the one of the chip's own configuration register.
Result<Checks::Windows> Checks::windows() {
  ISOJOULE_TRY(const double by_register, chip_.window_s());
  ISOJOULE_TRY(const Board board, open());
  if (board.sensors.empty()) return fail(ErrorKind::not_found, "no chip any more", "");
  return Windows{board.sensors.front()->channels().front().window.value(), by_register};
}

void Checks::window(const char* name) {
  const auto found = windows();
  if (!found) return say(false, name, "%s", to_string(found.error()).c_str());
  say(near(found->reported_s, found->by_register_s), name,
      "%.2f ms, the chip's register says %.2f ms", found->reported_s * 1e3,
      found->by_register_s * 1e3);
}

// Every average with every conversion time that the driver's whole milliseconds tell apart for two
// channels (140, 204 and 332 microseconds all read 1 ms in this kernel).
void Checks::every_window() {
  int right = 0;
  int all = 0;
  for (const int samples : {1, 4, 16, 64, 128, 256, 512, 1024})
    for (const int conversion_us : {588, 1100, 2116, 4156, 8244}) {
      // The driver divides what is written by channels, voltages and averages.
      const int interval_ms = (4 * conversion_us * samples + 500) / 1000;
      if (!configure("samples", samples) || !configure("update_interval", interval_ms)) continue;
      const auto found = windows();
      ++all;
      if (found && near(found->reported_s, found->by_register_s)) ++right;
    }
  say(right == 40 && all == 40, "windows of forty configurations", "%d of %d right", right, all);
}

void Checks::staircase(Board& board) {
  const std::vector<Step> steps = {{{5000, 125}, 250}, {{5000, 375}, 310}, {{4800, 500}, 170},
                                   {{5000, 200}, 430}, {{5096, 25}, 120},  {{4904, 450}, 350},
                                   {{5000, 100}, 290}};
  const Duration period = Duration::milliseconds(5);
  Sampler sampler(board, period, Duration::milliseconds(4000));
  sampler.start();
  const auto played = play(kBus, kRest, steps, kShunt_ohm);
  sampler.stop();
  if (!played) return say(false, "staircase", "%s", to_string(played.error()).c_str());
  Counters counters;
  const Trace trace = sampler.take(counters);
  const Channel& channel = trace.channels.front();
  judge(*played, integrate(channel, played->begin, played->end, period, counters),
        channel.time_ns.size());
}

// Twice: against the whole stated uncertainty (k = 2), and, as the registers are exact here,
// against its parts without gain and offset (k = 3).
void Checks::judge(const Played& played, const Energy& found, std::size_t readings) {
  if (!found.energy.value || !found.energy.uncertainty)
    return say(false, "staircase", "%s", found.energy.why_absent.c_str());
  const double error = found.energy.value->value() - played.energy_j;
  const double stated = 2 * found.energy.uncertainty->value();
  say(std::abs(error) <= stated + played.uncertainty_j, "energy of the staircase",
      "%.3f J of %.3f J, off by %+.3f J; stated ±%.3f J (k = 2), %zu readings",
      found.energy.value->value(), played.energy_j, error, stated, readings);
  double square = 0;
  for (const auto& [cause, part] : found.budget_j)
    if (cause != "gain" && cause != "offset") square += part * part;
  say(std::abs(error) <= 3 * std::sqrt(square) + played.uncertainty_j,
      "energy of the staircase, sampling alone",
      "off by %+.4f J; stated ±%.4f J (k = 3), known to %.4f J", error, 3 * std::sqrt(square),
      played.uncertainty_j);
  say(played.highest_power_w > 10 && stated < 0.05 * played.energy_j, "the staircase is a hard one",
      "up to %.1f W, uncertainty below 5 %%", played.highest_power_w);
}

Status prepare(StubChip& chip) {
  ISOJOULE_CHECK(chip.power_on());
  ISOJOULE_CHECK(chip.set(0, kRest));
  ISOJOULE_CHECK(chip.set(1, kCpu));
  return chip.set(2, kNotConnected);
}

// Says first that a newer call (statx, 4.11) is indeed gone; the errors of what follows are its
// own.
int start_on_old_kernel(char** command) {
  const Status forgotten = forget_newer_system_calls();
  if (!forgotten) {
    std::fprintf(stderr, "%s\n", to_string(forgotten.error()).c_str());
    return 1;
  }
  errno = 0;
  if (::syscall(__NR_statx, 0, "", 0, 0, nullptr) != -1 || errno != ENOSYS) return 1;
  ::execvp(command[0], command);
  std::perror(command[0]);
  return 1;
}

int main_of(const char* what, const std::string& data) {
  auto chip = StubChip::open(kBus);
  if (!chip) {
    say(false, "the stub's bus", "%s", to_string(chip.error()).c_str());
    return 1;
  }
  if (std::strcmp(what, "prepare") == 0) return prepare(*chip) ? 0 : 1;
  const auto tree = make_real_file_tree();
  const auto clock = make_real_clock();
  Checks(*chip, *tree, *clock, data + "/boards").run();
  return 0;
}

}  // namespace
}  // namespace isojoule::kernel_test

int main(int argc, char** argv) {
  if (argc > 2 && std::strcmp(argv[1], "linux-4.9") == 0)
    return isojoule::kernel_test::start_on_old_kernel(argv + 2);
  const char* data = std::getenv("ISOJOULE_DATA");
  if (argc != 2 || data == nullptr) return 2;
  return isojoule::kernel_test::main_of(argv[1], data);
}
