#include "app/pin.h"

#include <algorithm>
#include <filesystem>

#include "app/helper/rehearsal_tree.h"
#include "base/text.h"
#include "base/text_file.h"
#include "base/toml_reader.h"
#include "data/value_text.h"
#include "experiment/apply.h"

namespace isojoule {
namespace {

// The board's knob, by its axis.
Result<Knob*> knob_named(const Board& board, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& knob : board.knobs) {
    const std::string& axis = knob->axis().name;
    if (name == axis) return knob.get();
    names.push_back(axis);
  }
  return fail(ErrorKind::invalid, "this board has no knob '" + name + "'",
              unknown_name_remedy(name, names), board.file.name);
}

Status add(const Board& board, const std::string& name, const Value& value, Setting& setting) {
  ISOJOULE_TRY(const Knob* knob, knob_named(board, name));
  setting.set(knob->axis().name, value);
  return {};
}

// "cpu_frequency" -> "cpu_maximum_frequency"
std::string cap_of(const std::string& axis) {
  const std::size_t at = axis.rfind("_frequency");
  return axis.substr(0, at) + "_maximum" + axis.substr(at);
}

// The highest value that the present cap allows, or the lowest of all.
Result<Value> extreme(const Board& board, Knob& knob, bool highest) {
  const auto& values = knob.values();
  if (values.empty()) return fail(ErrorKind::no_data, knob.axis().name + ": no values are known");
  if (!highest) return values.front();
  Knob* cap = board.knob(cap_of(knob.axis().name));
  if (cap == nullptr) return values.back();
  ISOJOULE_TRY(const Value limit, cap->get());
  const auto* most = std::get_if<double>(&limit);
  if (most == nullptr) return values.back();  // "none"
  Value best = values.front();
  for (const Value& value : values)
    if (const auto* hertz = std::get_if<double>(&value); hertz != nullptr && *hertz <= *most)
      best = value;
  return best;
}

Status add_extremes(const Board& board, bool highest, Setting& setting) {
  for (const auto& knob : board.knobs) {
    const Axis& axis = knob->axis();
    if (axis.unit == Unit::hertz && !is_cap_axis(axis.name) && !axis.name.starts_with("dla") &&
        !axis.name.starts_with("pva")) {
      ISOJOULE_TRY(Value value, extreme(board, *knob, highest));
      setting.set(axis.name, std::move(value));
    }
    if (highest && (axis.name == "gpu_railgate" || axis.name == "cpu_idle"))
      setting.set(axis.name, std::string("off"));
  }
  return {};
}

Result<Value> value_of(const toml::node& node, double scale) {
  if (node.is_number()) return Value(scaled(*node.value<double>(), scale));
  if (const auto word = node.value<std::string>()) return parse_value(*word);
  return fail(ErrorKind::parse, "neither a number nor a text");
}

Status add_file(const Board& board, const std::string& path, Setting& setting) {
  ISOJOULE_TRY(const std::string text, read_text_file(path));
  ISOJOULE_TRY(const TomlReader file, TomlReader::parse(text, path));
  ISOJOULE_CHECK(file.check_keys(file.root(), {"board", "setting"}, "the file"));
  std::string name;
  ISOJOULE_CHECK(file.read(file.root(), "board", name));
  if (!name.empty() && name != board.file.name)
    return fail(ErrorKind::invalid,
                path + ": is for the board '" + name + "', this is '" + board.file.name + "'");
  const toml::table* table = file.root()["setting"].as_table();
  if (table == nullptr)
    return fail(ErrorKind::invalid, path + ": has no [setting]",
                "Write for instance: [setting] and below it cpu_frequency = \"1.479GHz\"");
  for (const auto& [key, node] : *table) {
    const AxisKey axis = split_unit(key.str());
    const auto value = value_of(node, axis.scale);
    if (!value) return file.error(node, std::string(key.str()) + ": " + value.error().what);
    const Status added = add(board, axis.axis, *value, setting);
    if (!added) return file.error(node, added.error().what, added.error().remedy);
  }
  return {};
}

Status add_word(const Board& board, const std::string& word, Setting& setting) {
  if (word == "maximum" || word == "minimum")
    return add_extremes(board, word == "maximum", setting);
  if (word.find('=') == std::string::npos) return add_file(board, word, setting);
  ISOJOULE_TRY(const AxisValue wanted, parse_axis_value(word));
  return add(board, wanted.axis, wanted.value, setting);
}

Result<PinnedKnob> describe(Knob& knob, const Value& requested) {
  PinnedKnob pinned;
  pinned.axis = knob.axis().name;
  pinned.requested = requested;
  ISOJOULE_TRY(pinned.before, knob.get());
  ISOJOULE_TRY(const auto nodes, knob.save());
  for (const SavedNode& node : nodes) pinned.nodes.push_back(node.path);
  pinned.achieved = pinned.before;
  return pinned;
}

Result<std::vector<PinnedKnob>> pinned_now(Board& board, const Setting& setting) {
  std::vector<PinnedKnob> pinned;
  for (const auto& [axis, value] : setting.values()) {
    ISOJOULE_TRY(Knob * knob, knob_named(board, axis));
    ISOJOULE_TRY(PinnedKnob one, describe(*knob, value));
    pinned.push_back(std::move(one));
  }
  return pinned;
}

// One word of a command line as systemd reads it (systemd.service(5)).
std::string quoted_word(const std::string& word) {
  std::string out = "\"";
  for (const char c : word) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '%' || c == '$') out += c;
    out += c;
  }
  return out + "\"";
}

}  // namespace

Result<Setting> wanted_setting(const Board& board, const std::vector<std::string>& words) {
  Setting setting;
  for (const std::string& word : words) ISOJOULE_CHECK(add_word(board, word, setting));
  if (setting.values().empty())
    return fail(ErrorKind::invalid, "nothing is to be set", "Name AXIS=VALUE, a file, or maximum");
  ISOJOULE_CHECK(check_no_contradiction(board, setting));
  return setting;
}

Result<std::vector<PinnedKnob>> rehearse(Board& board, const Setting& setting) {
  helper::RehearsalTree tree(*board.tree);
  helper::RehearsalClock clock;
  ISOJOULE_TRY(Board stand_in, open_board(board.file, board.release.name, tree, clock));
  for (const auto& [axis, value] : setting.values()) {
    ISOJOULE_TRY(Knob * knob, knob_named(stand_in, axis));
    const auto set = knob->set(value, clock, Duration{});
    // Nothing moves in a rehearsal: that a clock does not follow says nothing.
    if (!set && set.error().kind != ErrorKind::not_reached)
      return tl::unexpected<Error>(set.error());
  }
  return pinned_now(board, setting);
}

Result<std::vector<PinnedKnob>> pin(Board& board, const Setting& setting) {
  ISOJOULE_TRY(auto pinned, pinned_now(board, setting));
  PlannedRun planned;
  planned.setting = setting;
  Counters counters;
  ISOJOULE_TRY(const auto results, apply_setting(board, planned, counters));
  for (const KnobResult& result : results)
    for (PinnedKnob& one : pinned) {
      if (one.axis != result.axis) continue;
      one.achieved = result.achieved;
      // The other limit may have moved it since.
      if (is_cap_axis(result.axis)) {
        ISOJOULE_TRY(one.achieved, board.knob(result.axis)->get());
      }
      one.reached = same_value(*board.knob(result.axis), result.requested, one.achieved);
    }
  return pinned;
}

std::string systemd_unit(const std::string& program, const std::vector<std::string>& words) {
  std::string arguments;
  for (const std::string& word : words) {
    std::error_code code;
    const bool is_file = word.find('=') == std::string::npos && std::filesystem::exists(word, code);
    arguments += " " + quoted_word(is_file ? std::filesystem::absolute(word).string() : word);
  }
  // KillMode=process: the keeper of a program that systemd stops must outlive it to restore.
  // ExecStopPost, because a start that fails has no ExecStop.
  return "[Unit]\n"
         "Description=Clocks and power as isojoule was told\n"
         "After=nvpmodel.service nvpower.service jetson_clocks.service\n"
         "\n[Service]\n"
         "Type=oneshot\n"
         "RemainAfterExit=yes\n"
         "ExecStart=" +
         program + " apply" + arguments +
         "\n"
         "ExecStopPost=" +
         program +
         " restore\n"
         "KillMode=process\n"
         "StateDirectory=isojoule\n"
         "NoNewPrivileges=yes\n"
         "ProtectSystem=strict\n"
         "ReadWritePaths=/sys -/run/lock -/var/lib/nvpmodel\n"
         "ProtectHome=read-only\n"
         "PrivateNetwork=yes\n"
         "PrivateTmp=yes\n"
         "RestrictSUIDSGID=yes\n"
         "LockPersonality=yes\n"
         "MemoryDenyWriteExecute=yes\n"
         "\n[Install]\n"
         "WantedBy=multi-user.target\n";
}

}  // namespace isojoule
