#include "engine/worker_protocol.h"

#include <array>
#include <nlohmann/json.hpp>

namespace isojoule {
namespace {

using nlohmann::json;

constexpr std::array kErrorKinds = {
    ErrorKind::not_found, ErrorKind::permission_denied, ErrorKind::no_data,
    ErrorKind::io,        ErrorKind::disk_full,         ErrorKind::read_only,
    ErrorKind::invalid,   ErrorKind::out_of_range,      ErrorKind::unsupported,
    ErrorKind::parse,     ErrorKind::damaged,           ErrorKind::newer_schema,
    ErrorKind::busy,      ErrorKind::timeout,           ErrorKind::not_reached,
    ErrorKind::engine,    ErrorKind::unmeasured,        ErrorKind::interrupted,
    ErrorKind::exists,    ErrorKind::internal};

// Whatever bytes a library's message holds, the line stays valid UTF-8.
std::string line_of(const json& object) {
  return object.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

// The start of a line, for a message about it.
// Not "quoted": a std::string would find the standard library's.
std::string in_quotes(std::string_view line) {
  constexpr std::size_t limit = 60;
  std::string shown;
  for (const char c : line.substr(0, limit)) shown += (c >= ' ' && c <= '~') ? c : '?';
  return "'" + shown + (line.size() > limit ? "...'" : "'");
}

tl::unexpected<Error> bad_line(std::string_view line, const std::string& why) {
  return fail(ErrorKind::parse, "worker message " + in_quotes(line) + ": " + why,
              "The worker program and isojoule must come from the same build.");
}

// Reads the fields of one line; remembers the first that is missing or of another type.
class Fields {
 public:
  explicit Fields(std::string_view line) : Fields(json::parse(line, nullptr, false)) {}
  explicit Fields(json object) : object_(std::move(object)) {
    if (!object_.is_object()) fault_ = "not a JSON object";
  }

  std::string text(const char* key) {
    const json* value = find(key);
    if (value && !value->is_string()) value = wrong(key, "text");
    return value ? value->get<std::string>() : std::string();
  }
  std::int64_t integer(const char* key) {
    const json* value = find(key);
    if (value && !is_int64(*value)) value = wrong(key, "a whole number");
    return value ? value->get<std::int64_t>() : 0;
  }
  std::uint64_t natural(const char* key) {
    const json* value = find(key);
    if (value && !value->is_number_unsigned()) value = wrong(key, "a whole number from 0");
    return value ? value->get<std::uint64_t>() : 0;
  }
  std::map<std::string, std::string> texts(const char* key) {
    std::map<std::string, std::string> all;
    const json* value = find(key);
    if (value && !value->is_object()) value = wrong(key, "an object");
    if (!value) return all;
    for (const auto& [name, text] : value->items()) {
      if (text.is_string())
        all[name] = text.get<std::string>();
      else
        wrong(key, "an object of texts");
    }
    return all;
  }
  double real(const char* key) {
    const json* value = find(key);
    if (value && !value->is_number()) value = wrong(key, "a number");
    return value ? value->get<double>() : 0;
  }
  std::vector<Fields> objects(const char* key) {
    std::vector<Fields> all;
    const json* value = find(key);
    if (value && !value->is_array()) value = wrong(key, "a list");
    if (!value) return all;
    for (const json& item : *value) all.emplace_back(item);
    return all;
  }
  std::vector<std::int64_t> integers(const char* key) {
    std::vector<std::int64_t> all;
    const json* value = find(key);
    if (value && !value->is_array()) value = wrong(key, "a list");
    if (!value) return all;
    for (const json& item : *value) {
      if (is_int64(item))
        all.push_back(item.get<std::int64_t>());
      else
        wrong(key, "a list of whole numbers");
    }
    return all;
  }
  void refuse(const std::string& why) {
    if (fault_.empty()) fault_ = why;
  }
  const std::string& fault() const { return fault_; }

 private:
  // An unsigned number beyond int64 would change its sign.
  static bool is_int64(const json& value) {
    return value.is_number_integer() &&
           (!value.is_number_unsigned() || value.get<std::uint64_t>() <= INT64_MAX);
  }
  const json* find(const char* key) {
    if (!fault_.empty()) return nullptr;
    const auto found = object_.find(key);
    if (found != object_.end()) return &*found;
    refuse(std::string("'") + key + "' is missing");
    return nullptr;
  }
  const json* wrong(const char* key, const char* expected) {
    refuse(std::string("'") + key + "' is not " + expected);
    return nullptr;
  }

  json object_;
  std::string fault_;
};

PhaseKind phase_in(Fields& fields) {
  const std::string name = fields.text("phase");
  const std::optional<PhaseKind> phase = phase_named(name);
  if (!phase) fields.refuse("unknown phase '" + name + "'");
  return phase.value_or(PhaseKind::idle);
}

Error error_in(Fields& fields) {
  Error error{ErrorKind::engine, fields.text("what"), fields.text("tried"), fields.text("remedy")};
  const std::string name = fields.text("kind");
  bool known = false;
  for (const ErrorKind kind : kErrorKinds)
    if (name_of(kind) == name) error.kind = kind, known = true;
  if (!known) fields.refuse("unknown kind of error '" + name + "'");
  return error;
}

std::vector<Event> batches_in(Fields& fields) {
  const std::vector<std::int64_t> marks = fields.integers("marks_ns");
  if (marks.size() % 2 != 0) fields.refuse("'marks_ns' has a begin without an end");
  std::vector<Event> events;
  if (marks.empty()) {
    events.emplace_back();
    events.back().kind = EventKind::alive;
  }
  for (std::size_t i = 0; i + 1 < marks.size(); i += 2) {
    Event event;
    event.kind = EventKind::batch;
    event.phase = PhaseKind::inference;
    event.begin = {marks[i]};
    event.end = {marks[i + 1]};
    events.push_back(std::move(event));
  }
  return events;
}

std::vector<LayerTime> layers_in(Fields& fields) {
  std::vector<LayerTime> layers;
  for (Fields& object : fields.objects("layers")) {
    LayerTime layer;
    layer.name = object.text("name");
    layer.operation = object.text("operation");
    layer.device = object.text("device");
    layer.time = Second(object.real("time_s"));
    layer.spread = Second(object.real("spread_s"));
    layer.batches = object.integer("batches");
    if (layer.time < Second(0) || layer.spread < Second(0)) object.refuse("a time below zero");
    if (!object.fault().empty()) fields.refuse("a layer: " + object.fault());
    layers.push_back(std::move(layer));
  }
  return layers;
}

std::vector<Event> events_in(Fields& fields) {
  const std::string type = fields.text("type");
  Event event;
  if (type == "batches") return batches_in(fields);
  if (type == "phase_begin" || type == "phase_end") {
    const bool begins = type == "phase_begin";
    event.kind = begins ? EventKind::phase_begin : EventKind::phase_end;
    event.phase = phase_in(fields);
    (begins ? event.begin : event.end) = {fields.integer("at_ns")};
  } else if (type == "note") {
    event.kind = EventKind::note;
    event.key = fields.text("key");
    event.value = fields.text("value");
  } else if (type == "layers") {
    event.kind = EventKind::layers;
    event.layers = layers_in(fields);
  } else if (type == "finished") {
    event.kind = EventKind::finished;
  } else if (type == "failed") {
    event.kind = EventKind::failed;
    event.error = error_in(fields);
  } else {
    fields.refuse("unknown type '" + type + "'");
  }
  return {event};
}

json layers_json(const Event& event) {
  json layers = json::array();
  for (const LayerTime& layer : event.layers)
    layers.push_back({{"name", layer.name},
                      {"operation", layer.operation},
                      {"device", layer.device},
                      {"time_s", layer.time.value()},
                      {"spread_s", layer.spread.value()},
                      {"batches", layer.batches}});
  return layers;
}

json phase_line(const char* type, PhaseKind phase, Instant at) {
  return {{"type", type}, {"phase", name_of(phase)}, {"at_ns", at.ns}};
}

}  // namespace

std::string encode_job(const Job& job) {
  return line_of({{"type", "job"},
                  {"protocol", kWorkerProtocol},
                  {"model_path", job.model_path},
                  {"network", job.network},
                  {"batch", job.batch},
                  {"inferences", job.inferences},
                  {"warmup_batches", job.warmup_batches},
                  {"warmup_ns", job.warmup_time.ns},
                  {"warmup_until_stable", job.warmup_until_stable ? 1 : 0},
                  {"profile_batches", job.profile_batches},
                  {"threads", job.threads},
                  {"seed", job.seed},
                  {"started_ns", job.started.ns},
                  {"axes",
                   {{"graph", job.graph},
                    {"loading", job.loading},
                    {"accelerator", job.accelerator},
                    {"precision", job.precision},
                    {"implementation", job.implementation}}},
                  {"options", json(job.options)}});
}

std::string encode_event(const Event& event) {
  switch (event.kind) {
    case EventKind::phase_begin:
      return line_of(phase_line("phase_begin", event.phase, event.begin));
    case EventKind::phase_end: return line_of(phase_line("phase_end", event.phase, event.end));
    case EventKind::batch: {
      const BatchMark mark{event.begin, event.end};
      return encode_batches({&mark, 1});
    }
    case EventKind::note:
      return line_of({{"type", "note"}, {"key", event.key}, {"value", event.value}});
    case EventKind::layers: return line_of({{"type", "layers"}, {"layers", layers_json(event)}});
    case EventKind::windows:  // a program's own words (command/window_book.h), no worker's
    case EventKind::alive: return encode_batches({});
    case EventKind::finished: return line_of({{"type", "finished"}});
    case EventKind::failed: break;
  }
  const Error error = event.error.value_or(Error{ErrorKind::engine, "no reason given", {}, {}});
  return line_of({{"type", "failed"},
                  {"kind", name_of(error.kind)},
                  {"what", error.what},
                  {"tried", error.tried},
                  {"remedy", error.remedy}});
}

std::string encode_batches(std::span<const BatchMark> marks) {
  json numbers = json::array();
  for (const BatchMark& mark : marks) {
    numbers.push_back(mark.begin.ns);
    numbers.push_back(mark.end.ns);
  }
  return line_of({{"type", "batches"}, {"marks_ns", std::move(numbers)}});
}

Result<Job> decode_job(std::string_view line) {
  Fields fields(line);
  if (fields.text("type") != "job") fields.refuse("not a job");
  const std::int64_t protocol = fields.integer("protocol");
  Job job;
  job.model_path = fields.text("model_path");
  job.network = fields.text("network");
  job.batch = fields.integer("batch");
  job.inferences = fields.integer("inferences");
  job.warmup_batches = fields.integer("warmup_batches");
  job.warmup_time = {fields.integer("warmup_ns")};
  job.warmup_until_stable = fields.integer("warmup_until_stable") != 0;
  job.profile_batches = fields.integer("profile_batches");
  job.threads = fields.integer("threads");
  job.seed = fields.natural("seed");
  job.started = {fields.integer("started_ns")};
  auto axes = fields.texts("axes");
  job.graph = axes["graph"];
  job.loading = axes["loading"];
  job.accelerator = axes["accelerator"];
  job.precision = axes["precision"];
  job.implementation = axes["implementation"];
  job.options = fields.texts("options");
  if (protocol != 0 && protocol != kWorkerProtocol)
    return fail(ErrorKind::unsupported,
                "the worker speaks protocol " + std::to_string(kWorkerProtocol) +
                    ", isojoule asks for " + std::to_string(protocol),
                "The worker program and isojoule must come from the same build.");
  if (!fields.fault().empty()) return bad_line(line, fields.fault());
  return job;
}

Result<std::vector<Event>> decode_events(std::string_view line) {
  Fields fields(line);
  std::vector<Event> events = events_in(fields);
  if (!fields.fault().empty()) return bad_line(line, fields.fault());
  return events;
}

Status LineBuffer::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (partial_.size() + part.size() > kWorkerLineLimit)
      return bad_line(partial_.empty() ? part : std::string_view(partial_),
                      "the line does not end");
    partial_ += part;
    if (end == std::string_view::npos) return {};
    lines_.push_back(std::move(partial_));
    partial_.clear();
    bytes.remove_prefix(end + 1);
  }
  return {};
}

std::optional<std::string> LineBuffer::next() {
  if (lines_.empty()) return std::nullopt;
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

}  // namespace isojoule
