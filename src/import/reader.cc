#include "import/reader.h"

#include "import/number.h"

namespace isojoule::import {

void Reader::clear(std::vector<Channel>& block) const {
  block.resize(channels_.size());
  for (std::size_t i = 0; i < block.size(); ++i) {
    if (block[i].info != channels_[i]) block[i].info = channels_[i];
    block[i].time_ns.clear();
    block[i].a.clear();
    block[i].b.clear();
  }
}

void Reader::apply(const ImportOptions& options) {
  for (ChannelInfo& info : channels_) {
    info.is_dated_by_source = true;
    if (options.window) info.window = *options.window;
    if (options.lag) info.lag = *options.lag;
    if (options.gain_uncertainty) info.gain_uncertainty = *options.gain_uncertainty;
    if (options.offset_uncertainty) info.power_offset_uncertainty = *options.offset_uncertainty;
  }
}

TimeBase Reader::do_time_base() const {
  if (line_.kind == TimeLine::Kind::stamps)
    return line_.form.has_date ? TimeBase::wall_clock : TimeBase::time_of_day;
  return line_.since_1970 ? TimeBase::wall_clock : TimeBase::own_zero;
}

std::string option(const ImportOptions& options, const std::string& name) {
  const auto found = options.options.find(name);
  return found == options.options.end() ? std::string() : found->second;
}

Result<double> number_option(const ImportOptions& options, const std::string& name,
                             double otherwise) {
  const std::string text = option(options, name);
  if (text.empty()) return otherwise;
  const auto value = parse_decimal(text);
  constexpr double kMost = 1e9;
  if (value && *value > 0 && *value <= kMost) return *value;
  return fail(ErrorKind::invalid,
              "option " + name + " '" + text + "' is no number above zero, up to 1e9",
              "Give it in SI units, with a point: " + name + "=0.5");
}

}  // namespace isojoule::import
