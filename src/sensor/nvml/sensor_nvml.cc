// NVIDIA GPUs through NVML.
//
// options: device = index or UUID ("0"; else the channel's index); field = energy | instant |
// average (else the channel's label; else the first of these that the GPU has); library (or path)
// = another libnvidia-ml.so.1; period_ms = least time between two questions for the energy counter
// (20). channels: one a rail; none: one, named "GPU" and the index.
//
// What the readings are (NVML API Reference, nvmlDeviceGetPowerUsage,
// nvmlDeviceGetTotalEnergyConsumption, NVML_FI_DEV_POWER_AVERAGE and _INSTANT):
//   energy   millijoules since the driver was loaded, Volta and later
//   instant  milliwatts now
//   average  milliwatts over the last second on Ampere and later; on GA100 (compute capability
//            8.0) and on everything older the same call gives the instant
// They are of the whole board of the GPU with its memory.
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/text.h"
#include "sensor/nvml/library.h"
#include "sensor/sensor.h"

namespace isojoule {
namespace {

using nvml::Device;
using nvml::Library;
using nvml::Return;

enum class Field : std::uint8_t { energy, instant, average };
constexpr std::array<const char*, 3> kFieldNames = {"energy", "instant", "average"};

// Between two steps of the counter, and between two new readings of power: 100 ms was measured on
// recent boards, and for the power of A100 and H100 by Z. Yang, K. Adamek, W. Armour, "Part-time
// power measurements" (arXiv 2312.02741); NVIDIA says neither.
constexpr Second kUpdate{0.1};
// The same paper: on A100 and H100 only a quarter of the time is looked at.
constexpr Second kPartTimeWindow{0.025};
constexpr Second kAverageWindow{1.0};
// "within 5 %" of nvmlDeviceGetPowerUsage is NVIDIA's word for Fermi and Kepler; assumed for the
// others and for the counter, as a rectangular distribution.
const double kGain = 0.05 / std::sqrt(3.0);
constexpr std::int64_t kDefaultPeriod_ms = 20;

// GA100, GH100: compute capability 8.0 and 9.0.
bool is_part_time(int capability) { return capability == 80 || capability == 90; }

// The average is one of a second from Ampere on, but not on GA100.
bool averages(const Library& library, Device device) {
  const unsigned architecture = library.architecture(device);
  const int capability = library.compute_capability(device);
  if (capability > 0) return capability > 80;
  return architecture != nvml::kArchUnknown && architecture >= nvml::kArchAmpere;
}

struct Source {
  Device device = nullptr;
  Field field = Field::energy;
  bool by_field = true;  // average: field 185, else nvmlDeviceGetPowerUsage (older drivers)
  // Energy counter only.
  std::optional<std::uint64_t> counter;  // what the GPU said last
  std::uint64_t unwrapped = 0;           // what column a continues
  RawReading last;
};

class Nvml final : public Sensor {
 public:
  Nvml(std::shared_ptr<Library> library, Duration period)
      : library_(std::move(library)), period_(period) {}

  Status add(const ChipSpec& spec, const ChipSpec::Channel& channel);
  std::vector<Error> problems_;

 private:
  const std::vector<ChannelInfo>& do_channels() const override { return channels_; }
  const std::vector<Error>& do_problems() const override { return problems_; }
  void do_read(Clock& clock, std::span<RawReading> out) override;
  void read_energy(Clock& clock, Source& source, RawReading& out);
  void read_power(Clock& clock, const Source& source, RawReading& out);
  Return power(const Source& source, std::int64_t& milliwatt) const;
  Return probe(Source& source) const;
  Status choose_field(Source& source, const std::string& wanted, const std::string& gpu) const;
  ChannelInfo info_of(const Source& source, const std::string& rail, const std::string& gpu) const;

  std::shared_ptr<Library> library_;
  Duration period_;
  std::vector<ChannelInfo> channels_;
  std::vector<Source> sources_;
};

Return Nvml::power(const Source& source, std::int64_t& milliwatt) const {
  if (source.field == Field::instant)
    return library_->power_field_mw(source.device, nvml::kFieldPowerInstant, milliwatt);
  return source.by_field
             ? library_->power_field_mw(source.device, nvml::kFieldPowerAverage, milliwatt)
             : library_->power_usage_mw(source.device, milliwatt);
}

// One question, to know whether the field is there.
Return Nvml::probe(Source& source) const {
  std::uint64_t energy = 0;
  std::int64_t milliwatt = 0;
  if (source.field == Field::energy) return library_->total_energy_mj(source.device, energy);
  source.by_field = true;
  const Return code = power(source, milliwatt);
  if (code == nvml::kSuccess || source.field == Field::instant) return code;
  source.by_field = false;
  return power(source, milliwatt);
}

Status Nvml::choose_field(Source& source, const std::string& wanted, const std::string& gpu) const {
  Return first = nvml::kSuccess;
  for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
    if (!wanted.empty() && wanted != kFieldNames[i]) continue;
    source.field = static_cast<Field>(i);
    const Return code = probe(source);
    if (code == nvml::kSuccess) return {};
    if (first == nvml::kSuccess) first = code;
    // Only what this GPU has not is a reason to look for another field.
    if (code != nvml::kNotSupported && code != nvml::kFunctionNotFound) break;
  }
  if (first == nvml::kSuccess)
    return fail(ErrorKind::invalid, "nvml: field '" + wanted + "' is not known",
                unknown_name_remedy(wanted, {kFieldNames.begin(), kFieldNames.end()}));
  Error error = library_->error(first, "nvml: power of " + gpu);
  if (error.kind == ErrorKind::unsupported && wanted.empty())
    error.remedy =
        "A Jetson's GPU has no power in NVML: read its INA3221 rails (sensor ina3221). Other GPUs "
        "without it have no power sensor";
  return tl::unexpected<Error>(std::move(error));
}

ChannelInfo Nvml::info_of(const Source& source, const std::string& rail,
                          const std::string& gpu) const {
  ChannelInfo info;
  info.rail = rail;
  info.sensor = "nvml " + gpu + " " + kFieldNames[static_cast<std::size_t>(source.field)];
  info.step_a = 1e-3;
  info.gain_uncertainty = kGain;
  info.update_period = kUpdate;
  if (source.field == Field::energy) {
    info.kind = ChannelKind::energy_counter;
    return info;  // no window: nothing is averaged away
  }
  info.kind = ChannelKind::power;
  info.power_quantum = Watt(1e-3);
  const int capability = library_->compute_capability(source.device);
  if (source.field == Field::average && averages(*library_, source.device)) {
    info.window = kAverageWindow;
  } else if (is_part_time(capability)) {
    info.window = kPartTimeWindow;
  }
  return info;
}

Status Nvml::add(const ChipSpec& spec, const ChipSpec::Channel& channel) {
  const auto option = [&spec](const char* name, std::string otherwise) {
    const auto found = spec.options.find(name);
    return found == spec.options.end() || found->second.empty() ? otherwise : found->second;
  };
  const std::string which = option("device", std::to_string(channel.index));
  Source source;
  ISOJOULE_TRY(source.device, library_->device(which));
  const std::string name = library_->name(source.device);
  const std::string gpu = "GPU " + which + (name.empty() ? "" : " (" + name + ")");
  const std::string wanted = channel.label.empty() ? option("field", std::string()) : channel.label;
  ISOJOULE_CHECK(choose_field(source, wanted, gpu));
  channels_.push_back(info_of(source, channel.rail.empty() ? "GPU" + which : channel.rail, gpu));
  sources_.push_back(source);
  if (library_->mig_enabled(source.device))
    problems_.push_back(
        {ErrorKind::unsupported,
         "nvml: " + gpu + " is divided (MIG): its power is that of the whole GPU, of all instances",
         "NVML", "Keep the other instances idle while measuring, or switch MIG off"});
  return {};
}

// The counter goes on where it was, whatever the GPU's own does: after a reset (a reloaded driver)
// column a steps back by one, once, so that the integral over it is refused and later ones are not.
void Nvml::read_energy(Clock& clock, Source& source, RawReading& out) {
  const Instant now = clock.now();
  if (source.counter && now.ns - source.last.time_ns < period_.ns) {
    out = source.last;
    return;
  }
  std::uint64_t energy = 0;
  const Return code = library_->total_energy_mj(source.device, energy);
  out = {clock.now().ns, 0, 0,
         code == nvml::kNoData ? ReadingState::no_data : ReadingState::failed};
  if (code != nvml::kSuccess) return;
  if (!source.counter) {
    source.unwrapped = energy;
  } else if (energy >= *source.counter) {
    source.unwrapped += energy - *source.counter;
  } else {
    --source.unwrapped;
  }
  source.counter = energy;
  out.a = static_cast<std::int32_t>(static_cast<std::uint32_t>(source.unwrapped));
  out.state = ReadingState::ok;
  source.last = out;
}

void Nvml::read_power(Clock& clock, const Source& source, RawReading& out) {
  std::int64_t milliwatt = 0;
  const Return code = power(source, milliwatt);
  out = {clock.now().ns, 0, 0,
         code == nvml::kNoData ? ReadingState::no_data : ReadingState::failed};
  if (code != nvml::kSuccess || milliwatt < std::numeric_limits<std::int32_t>::min() ||
      milliwatt > std::numeric_limits<std::int32_t>::max())
    return;
  out.a = static_cast<std::int32_t>(milliwatt);
  out.state = ReadingState::ok;
}

// A question for the counter takes 2.4 ms (measured on one board; a power field under a
// microsecond), so it is asked at most once a period; in between its last reading is repeated.
void Nvml::do_read(Clock& clock, std::span<RawReading> out) {
  for (std::size_t i = 0; i < sources_.size() && i < out.size(); ++i) {
    if (sources_[i].field == Field::energy) {
      read_energy(clock, sources_[i], out[i]);
    } else {
      read_power(clock, sources_[i], out[i]);
    }
  }
}

std::string library_path(const ChipSpec& spec) {
  const auto found = spec.options.find("library");
  return found == spec.options.end() ? spec.path : found->second;
}

Result<Duration> period_of(const ChipSpec& spec) {
  const auto found = spec.options.find("period_ms");
  if (found == spec.options.end()) return Duration::milliseconds(kDefaultPeriod_ms);
  const std::string& text = found->second;
  std::int64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && value >= 0 &&
      value <= 60'000)
    return Duration::milliseconds(value);
  return fail(ErrorKind::invalid, "nvml: period_ms '" + text + "' is no period",
              "Give whole milliseconds, 0 to 60000");
}

Result<std::unique_ptr<Sensor>> open_nvml(const ChipSpec& spec, FileTree& tree) {
  ISOJOULE_TRY(const Duration period, period_of(spec));
  ISOJOULE_TRY(auto library, Library::open(library_path(spec), tree));
  auto sensor = std::make_unique<Nvml>(std::move(library), period);
  std::vector<ChipSpec::Channel> wanted = spec.channels;
  if (wanted.empty()) wanted.push_back({});
  for (const auto& channel : wanted) {
    auto status = sensor->add(spec, channel);
    if (!status) sensor->problems_.push_back(std::move(status.error()));
  }
  if (sensor->channels().empty())
    return tl::unexpected<Error>(std::move(sensor->problems_.front()));
  return std::unique_ptr<Sensor>(std::move(sensor));
}

std::vector<FoundSource> discover_nvml(FileTree& tree) {
  const auto library = Library::open({}, tree);
  return library ? nvml::gpus_of(**library) : std::vector<FoundSource>();
}

}  // namespace

std::vector<FoundSource> nvml::gpus_of(const Library& library) {
  const auto count = library.device_count();
  std::vector<FoundSource> found;
  for (unsigned i = 0; count && i < *count; ++i) {
    const std::string index = std::to_string(i);
    const auto device = library.device(index);
    const std::string uuid = device ? library.uuid(*device) : std::string();
    FoundSource source;
    source.spec.type = "nvml";
    source.spec.options["device"] = uuid.empty() ? index : uuid;
    source.spec.channels = {{static_cast<int>(i), "GPU" + index, 0, {}}};
    source.rails = {{"GPU" + index, "", device ? library.name(*device) : std::string()}};
    source.coverage = Coverage::part;
    found.push_back(std::move(source));
  }
  return found;
}

const SensorKind& sensor_kind_nvml();
const SensorKind& sensor_kind_nvml() {
  static const SensorKind kind{
      "nvml", "NVIDIA GPU: energy counter, instant or average power (libnvidia-ml, at run time)",
      open_nvml, discover_nvml};
  return kind;
}

}  // namespace isojoule
