#include "engine/engine.h"

#include <algorithm>
#include <charconv>

#include "base/subprocess.h"
#include "base/text.h"
#include "engine/worker_engine.h"

namespace isojoule {

Result<const EngineKind*> find_engine(std::string_view name) {
  std::vector<std::string> names;
  for (const EngineKind& kind : engine_kinds()) {
    if (kind.name == name) return &kind;
    names.emplace_back(kind.name);
  }
  return fail(ErrorKind::not_found, "unknown engine '" + std::string(name) + "'",
              unknown_name_remedy(name, names));
}

bool is_out_of_memory(const Error& error) { return error.what.starts_with("out of memory"); }

Result<Duration> read_timeout(const std::string& text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !(seconds >= 0.01) ||
      seconds > 1e6)
    return fail(ErrorKind::invalid, "option timeout_s='" + text + "'",
                "Give seconds from 0.01 to 1000000.");
  return Duration::from(Second(seconds));
}

void take_engine_axes(const Setting& setting, Job& job) {
  const auto count = [&setting](const char* axis, std::int64_t& field) {
    if (const auto number = setting.number(axis)) field = static_cast<std::int64_t>(*number);
  };
  const auto word = [&setting](const char* axis, std::string& field) {
    if (auto text = setting.text(axis)) field = std::move(*text);
  };
  count("batch", job.batch);
  count("threads", job.threads);
  word("graph", job.graph);
  word("loading", job.loading);
  word("accelerator", job.accelerator);
  word("precision", job.precision);
  word("implementation", job.implementation);
  for (const auto& [axis, value] : setting.values())
    if (is_option_axis(axis)) job.options[option_of(axis)] = to_string(value);
}

Status check_engine_axes(const EngineKind& kind, const Setting& setting) {
  for (const Axis& axis : engine_axes()) {
    const Value* value = setting.find(axis.name);
    if (value == nullptr || axis.choices.empty()) continue;
    const auto known = std::find_if(kind.axes.begin(), kind.axes.end(),
                                    [&axis](const auto& own) { return own.name == axis.name; });
    const std::string what = "engine " + std::string(kind.name) + " has no " + axis.name + " '" +
                             to_string(*value) + "'";
    if (known == kind.axes.end())
      return fail(ErrorKind::unsupported, what,
                  "Leave '" + axis.name + "' away: this engine cannot choose it.");
    const auto& values = known->values;
    if (std::find(values.begin(), values.end(), to_string(*value)) == values.end())
      return fail(ErrorKind::unsupported, what, "It has: " + join(values, ", ") + ".");
  }
  return {};
}

Result<std::unique_ptr<Engine>> open_engine(std::string_view name,
                                            const std::string& worker_directory, Clock& clock) {
  ISOJOULE_TRY(const EngineKind* kind, find_engine(name));
  return kind->open(worker_directory, clock);
}

Result<std::map<std::string, std::string>> describe_engine(const std::string& name,
                                                           const std::string& worker_directory) {
  constexpr Duration kLimit =
      Duration::milliseconds(10'000);  // a library of 500 MB from an SD card
  SubprocessOptions options;
  ISOJOULE_TRY(const std::string worker, find_worker(name, worker_directory));
  options.command = {worker, "--describe"};
  ISOJOULE_TRY(const auto child, Subprocess::start(options));
  const auto ended = child->wait(make_real_clock()->now() + kLimit);
  if (!ended) return fail(ErrorKind::timeout, name + ": its worker does not answer", {}, worker);
  if (ended->by_signal || ended->code != 0)
    return fail(ErrorKind::engine, name + ": " + child->last_output_line(), {}, worker);
  std::map<std::string, std::string> found;
  const std::string& text = child->output_tail();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    if (const std::size_t equals = line.find('='); equals != std::string::npos)
      found[line.substr(0, equals)] = line.substr(equals + 1);
    at = end + 1;
  }
  return found;
}

}  // namespace isojoule
