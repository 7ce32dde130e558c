#include "twin/ina_nodes.h"

#include "twin/node.h"

namespace isojoule::twin {
namespace {

constexpr int kFullScaleUv = 163'800;  // the limit registers' value after reset, 0x7ff8
constexpr char kI2c[] = "/sys/bus/i2c";

}  // namespace

InaNodes::InaNodes(MemoryTree& tree, const ChipShape& shape, Ina3221& chip, bool for_everyone,
                   int number)
    : tree_(tree), chip_(chip) {
  const bool iio = shape.driver == "iio";
  const std::string leaf = fmt::format("{}{}", iio ? "iio:device" : "hwmon", number);
  folder_ = shape.device + (iio ? "/" : "/hwmon/") + leaf;
  for (std::size_t i = 0; i < kLimits; ++i) {
    const int resistance = chip.shunt_uohm(static_cast<int>(i % Ina3221::kChannels));
    critical_ma_[i] = warning_ma_[i] = kFullScaleUv * 1000 / resistance;
  }
  const std::string driver = iio ? "ina3221x" : "ina3221";
  tree_.add_text(shape.device + "/name", driver + "\n", 0444);
  tree_.add_text(folder_ + "/name", driver + "\n", 0444);
  tree_.add_link(fmt::format("{}/devices/{}", kI2c, shape.address), shape.device);
  tree_.add_link(fmt::format("{}/drivers/{}/{}", kI2c, driver, shape.address), shape.device);
  tree_.add_link(shape.device + "/driver", fmt::format("{}/drivers/{}", kI2c, driver));
  tree_.add_link((iio ? "/sys/bus/iio/devices/" : "/sys/class/hwmon/") + leaf, folder_);
  iio ? add_iio(shape, for_everyone) : add_hwmon(shape, for_everyone);
}

// ---- iio, L4T 32 -------------------------------------------------------------------------------

void InaNodes::add_iio(const ChipShape& shape, bool for_everyone) {
  for (int channel = 0; channel < Ina3221::kChannels; ++channel)
    add_iio_channel(channel, shape.rails[static_cast<std::size_t>(channel)],
                    for_everyone ? 0644 : 0600, for_everyone ? 0444 : 0400);
  tree_.add_integer(
      folder_ + "/in_current_sum_input", [this] { return sum_current_ma(); }, {},
      for_everyone ? 0444 : 0400);
  add_iio_limit(folder_ + "/crit_current_limit_sum", critical_ma_[Ina3221::kChannels],
                for_everyone ? 0644 : 0600);
  add_switch(tree_, folder_ + "/running_mode", continuous_);  // the chip goes on all the same
}

void InaNodes::add_iio_channel(int channel, const std::string& rail, int name_mode,
                               int value_mode) {
  const auto at = [&](std::string_view name, std::string_view rest) {
    return fmt::format("{}/{}{}{}", folder_, name, channel, rest);
  };
  const auto slot = static_cast<std::size_t>(channel);
  tree_.add_text(at("rail_name_", ""), rail + "\n", name_mode);
  tree_.add_integer(
      at("in_voltage", "_input"), [this, channel] { return chip_.voltage_mv(channel); }, {},
      value_mode);
  // In continuous mode the "trigger" nodes read the same registers.
  for (const char* rest : {"_input", "_trigger_input"}) {
    tree_.add_integer(
        at("in_current", rest), [this, channel] { return chip_.current_ma(channel); }, {},
        value_mode);
    tree_.add_integer(
        at("in_power", rest), [this, channel] { return power_mw(channel); }, {}, value_mode);
  }
  add_made_text(
      tree_, at("ui_input_", ""),
      [this, channel] {
        const int voltage = chip_.voltage_mv(channel);
        return fmt::format("{} {}\n", voltage, chip_.current_ma(channel));
      },
      value_mode);
  add_iio_limit(at("crit_current_limit_", ""), critical_ma_[slot], name_mode);
  add_iio_limit(at("warn_current_limit_", ""), warning_ma_[slot], name_mode);
}

void InaNodes::add_iio_limit(const std::string& path, int& limit_ma, int mode) {
  tree_.add_node(
      path,
      [&limit_ma](std::span<char> buffer) -> Result<std::size_t> {
        return copy_text(fmt::format("{} ma\n", limit_ma), buffer);
      },
      [&limit_ma, path](std::string_view text) -> Status {
        const auto value = strict_number(text);
        if (!value) return refuse(EINVAL, path, "write");
        limit_ma = static_cast<int>(*value);
        return {};
      },
      mode);
}

int InaNodes::power_mw(int channel) {
  const int voltage = chip_.voltage_mv(channel);
  return voltage * chip_.current_ma(channel) / 1000;
}

// ---- hwmon, L4T 35 and 36 ----------------------------------------------------------------------

void InaNodes::add_hwmon(const ChipShape& shape, bool for_everyone) {
  const int input_mode = for_everyone ? 0444 : 0400;
  const int limit_mode = for_everyone ? 0644 : 0600;
  tree_.add_link(folder_ + "/device", "../../../" + shape.address);
  for (int channel = 0; channel < Ina3221::kChannels; ++channel)
    add_hwmon_channel(channel, shape.rails[static_cast<std::size_t>(channel)], input_mode,
                      limit_mode);
  add_hwmon_sums(input_mode, limit_mode);
  add_hwmon_chip();
}

void InaNodes::add_hwmon_channel(int channel, const std::string& rail, int input_mode,
                                 int limit_mode) {
  const auto at = [&](std::string_view name, int number, std::string_view rest) {
    return fmt::format("{}/{}{}{}", folder_, name, number, rest);
  };
  const int number = channel + 1;
  const auto slot = static_cast<std::size_t>(channel);
  // A channel that the device tree disables has no label, and its inputs answer ENODATA.
  if (chip_.connected(channel)) tree_.add_text(at("in", number, "_label"), rail + "\n", input_mode);
  add_hwmon_value(at("in", number, "_input"), channel, &Ina3221::voltage_mv, input_mode);
  add_hwmon_value(at("in", number + Ina3221::kChannels, "_input"), channel, &Ina3221::shunt_uv,
                  input_mode);
  add_hwmon_value(at("curr", number, "_input"), channel, &Ina3221::current_ma, input_mode);
  const std::string enable = at("in", number, "_enable");
  tree_.add_integer(
      enable,
      [this, channel] { return chip_.connected(channel) && chip_.enabled(channel) ? 1 : 0; },
      [this, channel, enable](std::string_view text) -> Status {
        const auto value = strict_number(text);
        if (!value || *value > 1) return refuse(EINVAL, enable, "write");
        chip_.set_enabled(channel, *value == 1);
        return {};
      });
  tree_.add_text(at("shunt", number, "_resistor"), fmt::format("{}\n", chip_.shunt_uohm(channel)),
                 0644);
  add_limit(at("curr", number, "_crit"), critical_ma_[slot], limit_mode);
  add_limit(at("curr", number, "_max"), warning_ma_[slot], limit_mode);
  add_alarm(at("curr", number, "_crit_alarm"), channel, critical_ma_[slot], input_mode);
  add_alarm(at("curr", number, "_max_alarm"), channel, warning_ma_[slot], input_mode);
}

void InaNodes::add_hwmon_value(const std::string& path, int channel, Value value, int mode) {
  tree_.add_node(
      path,
      [this, path, channel, value](std::span<char> buffer) -> Result<std::size_t> {
        if (!chip_.connected(channel) || !chip_.enabled(channel))
          return refuse(ENODATA, path, "read");
        return print_integer((chip_.*value)(channel), buffer);
      },
      {}, mode);
}

void InaNodes::add_hwmon_sums(int input_mode, int limit_mode) {
  const int channel = Ina3221::kChannels;
  tree_.add_text(folder_ + "/in7_label", "sum of shunt voltages\n", input_mode);
  tree_.add_integer(
      folder_ + "/in7_input", [this] { return sum_shunt_uv(); }, {}, input_mode);
  tree_.add_integer(
      folder_ + "/curr4_input", [this] { return sum_current_ma(); }, {}, input_mode);
  add_limit(folder_ + "/curr4_crit", critical_ma_[channel], limit_mode);
  add_alarm(folder_ + "/curr4_crit_alarm", channel, critical_ma_[channel], input_mode);
}

// `samples` and `update_interval`. The interval leaves the samples out when it is read, but not
// when it is written: after "512" and "430" it reads 1.
void InaNodes::add_hwmon_chip() {
  const std::string samples = folder_ + "/samples";
  tree_.add_integer(
      samples, [this] { return chip_.samples(); },
      [this, samples](std::string_view text) -> Status {
        const auto value = strict_number(text);
        if (!value) return refuse(EINVAL, samples, "write");
        chip_.set_samples(*value);
        return {};
      });
  const std::string interval = folder_ + "/update_interval";
  tree_.add_integer(
      interval,
      [this] { return (chip_.enabled_channels() * 2 * chip_.conversion_us() + 500) / 1000; },
      [this, interval](std::string_view text) -> Status {
        const auto value = strict_number(text);
        const int conversions = 2 * chip_.enabled_channels() * chip_.samples();
        if (!value || conversions == 0) return refuse(EINVAL, interval, "write");
        chip_.set_conversion_us((*value * 1000 + conversions / 2) / conversions);
        return {};
      });
}

void InaNodes::add_limit(const std::string& path, int& limit_ma, int mode) {
  tree_.add_integer(
      path, [&limit_ma] { return limit_ma; },
      [&limit_ma, path](std::string_view text) -> Status {
        const auto value = strict_number(text);
        if (!value) return refuse(EINVAL, path, "write");
        limit_ma = static_cast<int>(*value);
        return {};
      },
      mode);
}

void InaNodes::add_alarm(const std::string& name, int channel, const int& limit_ma, int mode) {
  tree_.add_integer(
      name,
      [this, channel, &limit_ma] {
        const bool sum = channel == Ina3221::kChannels;
        if (!sum && (!chip_.connected(channel) || !chip_.enabled(channel))) return 0;
        return (sum ? sum_current_ma() : chip_.current_ma(channel)) > limit_ma ? 1 : 0;
      },
      {}, mode);
}

int InaNodes::sum_shunt_uv() {
  int sum = 0;
  for (int channel = 0; channel < Ina3221::kChannels; ++channel)
    if (chip_.connected(channel) && chip_.enabled(channel) &&
        chip_.shunt_uohm(channel) == sum_shunt_uohm())
      sum += chip_.shunt_uv(channel);
  return sum;
}

// The chip adds shunt voltages, so only channels with the same shunt can be summed: those with the
// first connected one's.
int InaNodes::sum_current_ma() { return sum_shunt_uv() * 1000 / sum_shunt_uohm(); }

int InaNodes::sum_shunt_uohm() const {
  for (int channel = 0; channel < Ina3221::kChannels; ++channel)
    if (chip_.connected(channel)) return chip_.shunt_uohm(channel);
  return chip_.shunt_uohm(0);
}

}  // namespace isojoule::twin
