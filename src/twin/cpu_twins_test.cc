// The boards without a GPU through their board file, sensors, knobs and whole runs.
#include <gmock/gmock.h>

#include <filesystem>
#include <set>

#include "board/throttle.h"
#include "twin/test_machine.h"
#include "twin/twin.h"
#include "twin/virtual_clock.h"
#include "workload/zoo.h"

namespace isojoule::twin {
namespace {

using ::testing::ElementsAre;

TEST(CpuTwins, ThePisBoardFileFindsEverythingOnItsTwin) {
  const auto file = load_board(std::string(ISOJOULE_SOURCE_DIR) + "/boards", "raspberry-pi-5");
  ASSERT_TRUE(file) << to_string(file.error());
  TwinOptions options;
  options.noise = false;
  const auto twin = make_twin(*file, options);
  ASSERT_TRUE(twin) << to_string(twin.error());
  const auto detected = detect_board(std::string(ISOJOULE_SOURCE_DIR) + "/boards", (*twin)->tree());
  ASSERT_TRUE(detected) << to_string(detected.error());
  EXPECT_EQ(detected->board, "raspberry-pi-5");
  auto board = open_board(*file, "", (*twin)->tree(), (*twin)->clock());
  ASSERT_TRUE(board) << to_string(board.error());
  for (const Error& problem : board->problems) ADD_FAILURE() << to_string(problem);
  ASSERT_EQ(board->sensors.size(), 1U);
  EXPECT_EQ(board->sensors[0]->channels().size(), 12U);
  std::vector<std::string> throttles;
  for (const ThrottleSpec& throttle : board->release.throttles) {
    throttles.push_back(throttle.name);
    const auto read = read_throttle((*twin)->tree(), throttle);
    ASSERT_TRUE(read) << throttle.name << ": " << to_string(read.error());
    EXPECT_EQ(*read, 0) << throttle.name;  // an idle board
  }
  EXPECT_THAT(throttles, ElementsAre("under_voltage", "throttled", "throttled_since_boot"));
  std::vector<RawReading> readings(12);
  board->sensors[0]->read((*twin)->clock(), readings);
  double sum = 0;
  for (const RawReading& reading : readings) {
    EXPECT_EQ(reading.state, ReadingState::ok);
    sum += static_cast<double>(reading.a) * 1e-6 * static_cast<double>(reading.b) * 1e-6;
  }
  EXPECT_GT(sum, 1.5);  // W: idle
  EXPECT_LT(sum, 3);
  Knob* clock = board->knob("cpu_frequency");
  ASSERT_NE(clock, nullptr);
  EXPECT_EQ(clock->values().size(), 10U);
  const auto set = clock->set(Value(2.0e9), (*twin)->clock(), Duration::milliseconds(100));
  ASSERT_TRUE(set) << to_string(set.error());
  EXPECT_EQ(*set, Value(2.0e9));
}

TEST(CpuTwins, OfAGenericMachineEveryKnobIsFoundAndOpens) {
  for (const char* release : {"acpi-cpufreq", "pstate"}) {
    Machine machine("generic-linux", release);
    std::set<std::string> axes;
    for (const KnobKind& kind : knob_kinds()) {
      if (kind.discover == nullptr) continue;
      for (const KnobSpec& spec : kind.discover(machine.tree())) {
        const auto knob = open_knob(spec, machine.tree());
        EXPECT_TRUE(knob) << spec.axis << ": " << (knob ? "" : to_string(knob.error()));
        axes.insert(spec.axis);
      }
    }
    for (const char* axis : {"cpu_frequency", "cpu_governor", "cpu_online"})
      EXPECT_TRUE(axes.contains(axis)) << release << " " << axis;
    for (const std::string& axis : axes) EXPECT_EQ(axis.find("gpu"), std::string::npos) << axis;
  }
}

// Every source that a kind can find on the machine opens and reads.
TEST(CpuTwins, OfAGenericMachineEverySourceThatIsFoundReads) {
  Machine machine("generic-linux", "acpi-cpufreq");
  VirtualClock clock(machine.simulation);
  for (const SensorKind& kind : sensor_kinds()) {
    if (kind.discover == nullptr) continue;
    for (const FoundSource& source : kind.discover(machine.tree())) {
      const auto sensor = open_sensor(source.spec, machine.tree());
      ASSERT_TRUE(sensor) << kind.name << ": " << to_string(sensor.error());
      std::vector<RawReading> readings((*sensor)->channels().size());
      (*sensor)->read(clock, readings);
      for (const RawReading& reading : readings) EXPECT_EQ(reading.state, ReadingState::ok);
    }
  }
}

TEST(CpuTwins, ARunOfAlexnetTakesTimeAndEnergyAndTheSeedRepeatsIt) {
  const std::string path =
      (std::filesystem::temp_directory_path() / "isojoule_cpu_twin_test.onnx").string();
  ZooOptions zoo;
  zoo.dynamic_batch = true;
  zoo.weights = false;
  ASSERT_TRUE(write_zoo_model("alexnet", zoo, path));
  const auto play = [&path](const std::string& board, const std::string& release,
                            std::uint64_t seed) {
    TwinOptions options;
    options.release = release;
    auto made = make_twin(board_named(board), options);
    EXPECT_TRUE(made.has_value()) << (made ? "" : to_string(made.error()));
    Twin& twin = **made;
    twin.begin_run(seed);
    Job job;
    job.model_path = path;
    job.network = "alexnet";
    job.batch = 4;
    job.inferences = 64;
    std::vector<std::string> seen;
    const auto ticker = twin.clock().every(Duration::milliseconds(200), [&](Instant) {
      seen.push_back(board == "generic-linux"
                         ? *twin.tree().read("/sys/class/powercap/intel-rapl:0/energy_uj")
                         : *twin.tree().run({"vcgencmd", "pmic_read_adc", "VDD_CORE_A"},
                                            Duration::milliseconds(1000)));
    });
    auto session = *twin.engine().start(job);
    EventKind last = EventKind::note;
    while (auto event = *session->next_event(Instant{3'600'000'000'000})) {
      last = event->kind;
      if (event->kind == EventKind::phase_end && event->phase == PhaseKind::inference) {
        const double each = (event->end - event->begin).seconds().value() / 64;
        // Roofline: between 714 M MACs at the four cores' peak, and a hundred times that.
        EXPECT_GT(each, 714e6 / (board == "generic-linux" ? 147e9 : 77e9));
        EXPECT_LT(each, 100 * 714e6 / 77e9);
      }
    }
    EXPECT_EQ(last, EventKind::finished);
    seen.push_back(std::to_string(twin.clock().now().ns));
    return seen;
  };
  for (const auto& [board, release] :
       {std::pair("raspberry-pi-5", "bookworm"), std::pair("generic-linux", "acpi-cpufreq"),
        std::pair("generic-linux", "pstate")}) {
    const auto first = play(board, release, 1);
    EXPECT_GT(first.size(), 5U);
    EXPECT_GT(std::set<std::string>(first.begin(), first.end()).size(), 2U);
    EXPECT_EQ(first, play(board, release, 1));
    EXPECT_NE(first, play(board, release, 2));
  }
  std::filesystem::remove(path);
}

TEST(CpuTwins, AVariantBeginsOnMains) {
  TwinOptions options;
  options.release = "acpi-cpufreq";
  options.variant = "mains";
  const auto twin = make_twin(board_named("generic-linux"), options);
  ASSERT_TRUE(twin) << to_string(twin.error());
  EXPECT_EQ(*(*twin)->tree().read("/sys/class/power_supply/BAT0/status"), "Charging\n");
}

TEST(CpuTwins, TheConstantsSurviveAWriting) {
  for (const char* board : {"raspberry-pi-5", "generic-linux"}) {
    const Constants read = constants_of(board);
    const auto again = parse_constants(format_constants(read, {}), "twin.toml");
    ASSERT_TRUE(again) << to_string(again.error());
    EXPECT_FALSE(again->has_gpu());
    Constants left = read, right = *again;
    for (const ConstantField& field : constant_fields())
      if (!field.of_gpu()) {
        EXPECT_DOUBLE_EQ(field.of(left), field.of(right)) << field.key;
      }
    EXPECT_EQ(again->rails, read.rails);
  }
}

}  // namespace
}  // namespace isojoule::twin
