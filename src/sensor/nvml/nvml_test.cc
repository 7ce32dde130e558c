#include <dlfcn.h>
#include <gtest/gtest.h>

#include "sensor/nvml/fake/fake_nvml.h"
#include "sensor/nvml/library.h"
#include "sensor/sensor_contract.h"
#include "sensor/test_clock.h"

namespace isojoule {
namespace {

const std::string kFake = std::string(ISOJOULE_BINARY_DIR) + "/fake/libfake_nvml.so";

ChipSpec gpu_spec(const std::string& field = {}) {
  ChipSpec spec;
  spec.type = "nvml";
  spec.path = kFake;
  spec.channels = {{0, "GPU0", 0, field}};
  return spec;
}

void add_driver(MemoryTree& tree) { tree.add_text("/proc/driver/nvidia/version", "NVRM\n", 0444); }

const bool added = add_sensor_fixture({"nvml, the energy counter", gpu_spec(), add_driver, {}}) &&
                   add_sensor_fixture({"nvml, power", gpu_spec("average"), add_driver, {}});

// Holds the fake library open, so that its state stays, and sets it back.
class Nvml : public testing::Test {
 protected:
  Nvml() : handle_(dlopen(kFake.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    EXPECT_NE(handle_, nullptr) << dlerror();
    state_ = reinterpret_cast<fake::NvmlState* (*)()>(dlsym(handle_, "fake_nvml_state"))();
    *state_ = {};
    state_->gpu[1].uuid = "GPU-1";
    add_driver(tree_);
  }
  ~Nvml() override {
    EXPECT_EQ(state_->users, 0);  // every nvmlInit had its nvmlShutdown
    *state_ = {};
    dlclose(handle_);
  }

  fake::NvmlGpu& gpu() { return state_->gpu[0]; }
  RawReading read(Sensor& sensor) {
    RawReading reading;
    sensor.read(clock_, {&reading, 1});
    return reading;
  }
  ErrorKind error_of(const ChipSpec& spec) {
    const auto sensor = open_sensor(spec, tree_);
    EXPECT_FALSE(sensor.has_value());
    if (sensor) return ErrorKind::internal;
    EXPECT_FALSE(sensor.error().remedy.empty()) << to_string(sensor.error());
    EXPECT_FALSE(sensor.error().tried.empty()) << to_string(sensor.error());
    return sensor.error().kind;
  }

  void* handle_;
  fake::NvmlState* state_ = nullptr;
  MemoryTree tree_;
  fake::TestClock clock_;
};

TEST_F(Nvml, TheEnergyCounterIsTheDefault) {
  const auto sensor = open_sensor(gpu_spec(), tree_);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  const ChannelInfo& info = (*sensor)->channels()[0];
  EXPECT_EQ(info.rail, "GPU0");
  EXPECT_EQ(info.sensor, "nvml GPU 0 (Fake GPU) energy");
  EXPECT_EQ(info.kind, ChannelKind::energy_counter);
  EXPECT_DOUBLE_EQ(info.step_a, 1e-3);
  EXPECT_DOUBLE_EQ(info.update_period.value(), 0.1);
  EXPECT_NEAR(info.gain_uncertainty, 0.0289, 1e-4);
  EXPECT_TRUE((*sensor)->problems().empty());
  EXPECT_EQ(read(**sensor).a, 1'000'000);
}

TEST_F(Nvml, WithoutACounterInstantThenAverage) {
  gpu().energy = nvml::kNotSupported;
  auto sensor = open_sensor(gpu_spec(), tree_);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_EQ((*sensor)->channels()[0].kind, ChannelKind::power);
  EXPECT_EQ(read(**sensor).a, 250'000);
  gpu().instant = nvml::kNotSupported;
  sensor = open_sensor(gpu_spec(), tree_);
  EXPECT_EQ(read(**sensor).a, 200'000);
  gpu().average = nvml::kNotSupported;  // a driver without the field: nvmlDeviceGetPowerUsage
  sensor = open_sensor(gpu_spec(), tree_);
  ASSERT_TRUE(sensor.has_value());
  gpu().average_mw = 199'000;
  EXPECT_EQ(read(**sensor).a, 199'000);
}

TEST_F(Nvml, AFieldThatWasAskedForIsTakenAndNoOther) {
  ChipSpec spec = gpu_spec();
  spec.options["field"] = "instant";
  EXPECT_EQ(read(**open_sensor(spec, tree_)).a, 250'000);
  gpu().instant = nvml::kNotSupported;
  EXPECT_EQ(error_of(spec), ErrorKind::unsupported);
  spec.options["field"] = "avarage";
  const auto sensor = open_sensor(spec, tree_);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().remedy, "Did you mean 'average'?");
}

TEST_F(Nvml, ValuesOfEveryTypeAreRead) {
  for (const auto type : {nvml::ValueType::real, nvml::ValueType::unsigned_int,
                          nvml::ValueType::unsigned_long_long}) {
    gpu().type = type;
    EXPECT_EQ(read(**open_sensor(gpu_spec("instant"), tree_)).a, 250'000);
  }
  gpu().type = static_cast<nvml::ValueType>(99);
  EXPECT_EQ(error_of(gpu_spec("instant")), ErrorKind::io);
}

TEST_F(Nvml, WindowsFollowTheArchitecture) {
  struct Row {
    int capability;
    unsigned architecture;
    double average_s, instant_s;
  };
  // GA100 has no average although it is an Ampere; of it and of Hopper a quarter is looked at.
  for (const Row& row :
       {Row{70, 5, 0, 0}, Row{80, 7, 0.025, 0.025}, Row{86, 7, 1, 0}, Row{89, 8, 1, 0},
        Row{90, 9, 1, 0.025}, Row{0, 8, 1, 0}, Row{0, 5, 0, 0}}) {
    gpu().capability = row.capability;
    gpu().architecture = row.architecture;
    const auto average = open_sensor(gpu_spec("average"), tree_);
    const auto instant = open_sensor(gpu_spec("instant"), tree_);
    EXPECT_DOUBLE_EQ((*average)->channels()[0].window.value(), row.average_s) << row.capability;
    EXPECT_DOUBLE_EQ((*instant)->channels()[0].window.value(), row.instant_s) << row.capability;
  }
}

TEST_F(Nvml, DevicesAreFoundByIndexAndUuid) {
  state_->count = 2;
  state_->gpu[1].energy_mj = 77;
  ChipSpec spec = gpu_spec();
  spec.options["device"] = "GPU-1";
  EXPECT_EQ(read(**open_sensor(spec, tree_)).a, 77);
  spec.options["device"] = "1";
  EXPECT_EQ(read(**open_sensor(spec, tree_)).a, 77);
  for (const char* wrong : {"2", "GPU-7", "-1"}) {
    spec.options["device"] = wrong;
    EXPECT_EQ(error_of(spec), ErrorKind::not_found) << wrong;
  }
  ChipSpec both = gpu_spec();
  both.channels.push_back({1, "GPU1", 0, {}});
  const auto sensor = open_sensor(both, tree_);
  ASSERT_TRUE(sensor.has_value());
  std::vector<RawReading> out(2);
  (*sensor)->read(clock_, out);
  EXPECT_EQ(out[0].a, 1'000'000);
  EXPECT_EQ(out[1].a, 77);
  state_->gpu[1].access = nvml::kNoPermission;  // one of two may be read
  const auto one = open_sensor(both, tree_);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ((*one)->channels().size(), 1u);
  ASSERT_EQ((*one)->problems().size(), 1u);
  EXPECT_EQ((*one)->problems()[0].kind, ErrorKind::permission_denied);
}

TEST_F(Nvml, TheCounterIsAskedSeldomAndItsTimeIsItsOwn) {
  const auto sensor = open_sensor(gpu_spec(), tree_);
  const int before = gpu().energy_calls;
  const RawReading first = read(**sensor);
  for (int i = 0; i < 9; ++i) {
    clock_.move(Duration::milliseconds(2));
    EXPECT_EQ(read(**sensor).time_ns, first.time_ns);
  }
  EXPECT_EQ(gpu().energy_calls, before + 1);
  clock_.move(Duration::milliseconds(2));
  EXPECT_EQ(read(**sensor).time_ns, clock_.now().ns);
}

TEST_F(Nvml, TheCounterGoesOnBeyond32BitsAndAResetIsSeenOnce) {
  const auto sensor = open_sensor(gpu_spec(), tree_);
  const auto next = [&](unsigned long long energy_mj) {
    gpu().energy_mj = energy_mj;
    clock_.move(Duration::milliseconds(100));
    const RawReading reading = read(**sensor);
    EXPECT_EQ(reading.state, ReadingState::ok);
    return static_cast<std::uint32_t>(reading.a);
  };
  const auto step = [](std::uint32_t from, std::uint32_t to) {
    return static_cast<std::int32_t>(to - from);
  };
  const auto a = next(0xffffffffULL - 5);
  const auto b = next(0x100000000ULL + 10);
  EXPECT_EQ(step(a, b), 16);
  const auto c = next(500);  // the driver was loaded anew
  EXPECT_EQ(step(b, c), -1);
  EXPECT_EQ(step(c, next(700)), 200);
}

TEST_F(Nvml, ALostGpuFailsItsReadingsAndComesBack) {
  for (const char* field : {"energy", "instant", "average"}) {
    const auto sensor = open_sensor(gpu_spec(field), tree_);
    ASSERT_TRUE(sensor.has_value());
    EXPECT_EQ(read(**sensor).state, ReadingState::ok);
    gpu().lost = nvml::kGpuIsLost;
    clock_.move(Duration::milliseconds(100));
    const RawReading reading = read(**sensor);
    EXPECT_EQ(reading.state, ReadingState::failed) << field;
    EXPECT_EQ(reading.a, 0);
    gpu().lost = nvml::kSuccess;
    clock_.move(Duration::milliseconds(100));
    EXPECT_EQ(read(**sensor).state, ReadingState::ok);
  }
  gpu().lost = nvml::kGpuIsLost;
  EXPECT_EQ(error_of(gpu_spec()), ErrorKind::io);
}

TEST_F(Nvml, ADividedGpuSaysWhosePowerItIs) {
  gpu().mig = 1;
  const auto sensor = open_sensor(gpu_spec(), tree_);
  ASSERT_TRUE(sensor.has_value());
  EXPECT_EQ((*sensor)->channels().size(), 1u);
  ASSERT_EQ((*sensor)->problems().size(), 1u);
  EXPECT_NE((*sensor)->problems()[0].what.find("whole GPU"), std::string::npos);
  EXPECT_FALSE((*sensor)->problems()[0].remedy.empty());
}

TEST_F(Nvml, AJetsonsGpuPointsToTheRails) {
  gpu().energy = gpu().instant = gpu().average = gpu().usage = nvml::kNotSupported;
  const auto sensor = open_sensor(gpu_spec(), tree_);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::unsupported);
  EXPECT_NE(sensor.error().remedy.find("INA3221"), std::string::npos);
}

TEST_F(Nvml, FaultsOfDriverAndLibraryAreTyped) {
  state_->init = nvml::kDriverNotLoaded;
  EXPECT_EQ(error_of(gpu_spec()), ErrorKind::not_found);
  state_->init = nvml::kNoPermission;
  EXPECT_EQ(error_of(gpu_spec()), ErrorKind::permission_denied);
  state_->init = nvml::kVersionMismatch;
  EXPECT_EQ(error_of(gpu_spec()), ErrorKind::io);
  state_->init = nvml::kSuccess;
  state_->count = 0;
  EXPECT_EQ(error_of(gpu_spec()), ErrorKind::not_found);
  ChipSpec missing = gpu_spec();
  missing.options["library"] = "/nowhere/libnvidia-ml.so.1";
  EXPECT_EQ(error_of(missing), ErrorKind::not_found);
  missing.options["library"] = "libc.so.6";  // a library, but another one
  EXPECT_EQ(error_of(missing), ErrorKind::unsupported);
  missing = gpu_spec();
  missing.options["period_ms"] = "x";
  EXPECT_EQ(open_sensor(missing, tree_).error().kind, ErrorKind::invalid);
}

TEST_F(Nvml, EveryGpuIsFoundByItsUuidReadableOrNot) {
  state_->count = 2;
  state_->gpu[1].access = nvml::kNoPermission;
  const auto library = nvml::Library::open(kFake, tree_);
  ASSERT_TRUE(library.has_value());
  auto found = nvml::gpus_of(**library);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].spec.options["device"], "GPU-0");
  EXPECT_EQ(found[0].rails[0].name, "GPU0");
  EXPECT_EQ(found[0].rails[0].what, "Fake GPU");
  EXPECT_EQ(found[0].coverage, Coverage::part);
  found[0].spec.path = found[1].spec.path = kFake;
  found[0].spec.channels[0].rail = "nvml:GPU0";  // another source has a GPU0
  const auto sensor = open_sensor(found[0].spec, tree_);
  ASSERT_TRUE(sensor.has_value()) << to_string(sensor.error());
  EXPECT_EQ((*sensor)->channels()[0].rail, "nvml:GPU0");
  EXPECT_EQ(error_of(found[1].spec), ErrorKind::permission_denied);
}

TEST_F(Nvml, ATreeWithoutADriverNeverMeetsThisMachinesOwn) {
  MemoryTree twin;
  const auto sensor = open_sensor(gpu_spec(), twin);
  ASSERT_FALSE(sensor.has_value());
  EXPECT_EQ(sensor.error().kind, ErrorKind::not_found);
  for (const auto& kind : sensor_kinds())
    if (kind.name == "nvml") {
      EXPECT_TRUE(kind.discover(twin).empty());
    }
}

}  // namespace
}  // namespace isojoule
