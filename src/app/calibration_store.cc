#include "app/calibration_store.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>

#include "app/guard_place.h"
#include "base/text.h"
#include "base/text_file.h"
#include "base/toml_reader.h"
#include "data/file_lock.h"

namespace isojoule {
namespace {

constexpr const char* kFile = "/calibration.toml";
// A year: what certificates of instruments usually stand for before they are looked at again.
constexpr int kOldDays = 365;

constexpr const char* kHead =
    "# What 'isojoule calibrate' found of rails against a better meter: true power = gain x told\n"
    "# power + offset_w. Uncertainties are standard ones (k = 1). Applied to the board that it "
    "names\n"
    "# only; 'isojoule calibrate --list' shows and '--remove' removes them.\n";

std::string first_line(FileTree& tree, std::initializer_list<const char*> paths) {
  for (const char* path : paths)
    if (const auto line = read_line(tree, path); line && !line->empty()) return *line;
  return {};
}

std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      result += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      result += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      result += c;
  }
  return result + "\"";
}

struct TextField {
  const char* key;
  std::string BoardIdentity::*member;
};
constexpr TextField kIdentity[] = {
    {"board", &BoardIdentity::board},       {"model", &BoardIdentity::model},
    {"serial", &BoardIdentity::serial},     {"machine_id", &BoardIdentity::machine_id},
    {"hostname", &BoardIdentity::hostname}, {"twin", &BoardIdentity::twin}};

struct Numbers {
  double gain = 0, gain_u = -1, offset = 0, offset_u = -1, correlation = 0, lowest = 0, highest = 0;
};
struct NumberField {
  const char* key;
  double Numbers::*member;
};
constexpr NumberField kNumbers[] = {{"gain", &Numbers::gain},
                                    {"gain_uncertainty", &Numbers::gain_u},
                                    {"offset_w", &Numbers::offset},
                                    {"offset_uncertainty_w", &Numbers::offset_u},
                                    {"correlation", &Numbers::correlation},
                                    {"lowest_w", &Numbers::lowest},
                                    {"highest_w", &Numbers::highest}};

Numbers numbers_of(const Calibration& c) {
  return {c.gain,        c.gain_uncertainty, c.offset.value(), c.offset_uncertainty.value(),
          c.correlation, c.lowest.value(),   c.highest.value()};
}

// Text and numbers that are there, and make sense.
Status check(const TomlReader& reader, const toml::table& table, const StoredCalibration& one,
             const Numbers& n) {
  for (const NumberField& field : kNumbers)
    if (!std::isfinite(n.*field.member))
      return reader.error(table, fmt::format("{} is no number", field.key), "Calibrate again",
                          ErrorKind::invalid);
  if (one.board.board.empty() || one.rail.empty() || one.sensor.empty())
    return reader.error(table, "a calibration without board, rail or sensor", "Calibrate again",
                        ErrorKind::invalid);
  if (!(n.gain > 0) || n.gain_u < 0 || n.offset_u < 0 || std::abs(n.correlation) > 1)
    return reader.error(table,
                        "a calibration needs gain above 0, gain_uncertainty and "
                        "offset_uncertainty_w of 0 or more, and a correlation of -1 to 1",
                        "Calibrate again", ErrorKind::invalid);
  return {};
}

Result<StoredCalibration> read(const TomlReader& reader, const toml::table& table) {
  std::vector<std::string> known = {"release", "rail", "sensor", "meter", "date"};
  for (const TextField& field : kIdentity) known.emplace_back(field.key);
  for (const NumberField& field : kNumbers) known.emplace_back(field.key);
  ISOJOULE_CHECK(reader.check_keys(table, known, "calibration"));
  StoredCalibration one;
  for (const TextField& field : kIdentity)
    ISOJOULE_CHECK(reader.read(table, field.key, one.board.*field.member));
  ISOJOULE_CHECK(reader.read(table, "release", one.release));
  ISOJOULE_CHECK(reader.read(table, "rail", one.rail));
  ISOJOULE_CHECK(reader.read(table, "sensor", one.sensor));
  ISOJOULE_CHECK(reader.read(table, "meter", one.calibration.meter));
  ISOJOULE_CHECK(reader.read(table, "date", one.calibration.date));
  Numbers n;
  for (const NumberField& field : kNumbers)
    ISOJOULE_CHECK(reader.read(table, field.key, n.*field.member));
  ISOJOULE_CHECK(check(reader, table, one, n));
  Calibration& c = one.calibration;
  c.gain = n.gain;
  c.gain_uncertainty = n.gain_u;
  c.offset = Watt(n.offset);
  c.offset_uncertainty = Watt(n.offset_u);
  c.correlation = n.correlation;
  c.lowest = Watt(n.lowest);
  c.highest = Watt(n.highest);
  return one;
}

// Why a calibration that is this board's may hold no longer; "" = nothing speaks against it.
std::string doubts_of(const StoredCalibration& one, const BoardIdentity& own,
                      const std::string& release) {
  std::vector<std::string> doubts;
  const auto days = days_since(one.calibration.date);
  if (!days)
    doubts.emplace_back("of an unknown date");
  else if (*days > kOldDays)
    doubts.emplace_back("more than a year old");
  else if (*days < -1)
    doubts.emplace_back("dated in the future of this machine's clock");
  if (!one.release.empty() && !release.empty() && one.release != release)
    doubts.push_back(fmt::format("found under {}, and this is {}", one.release, release));
  const auto both = [&](std::string BoardIdentity::*member) {
    return !(one.board.*member).empty() && !(own.*member).empty();
  };
  if (own.twin.empty() && !both(&BoardIdentity::serial) && !both(&BoardIdentity::machine_id))
    doubts.emplace_back("the board is told from its sisters by its host's name alone");
  return join(doubts, "; ");
}

}  // namespace

BoardIdentity identity_of(Board& board) {
  FileTree& tree = *board.tree;
  BoardIdentity identity;
  identity.board = board.file.name;
  identity.model =
      first_line(tree, {"/proc/device-tree/model", "/sys/firmware/devicetree/base/model",
                        "/sys/class/dmi/id/product_name"});
  if (board.simulated) {
    identity.twin = first_line(tree, {"/proc/sys/kernel/random/boot_id"});
    if (!board.variant.empty()) identity.twin += "/" + board.variant;
    return identity;
  }
  identity.serial = first_line(
      tree, {"/proc/device-tree/serial-number", "/sys/firmware/devicetree/base/serial-number"});
  identity.machine_id = first_line(tree, {"/etc/machine-id"});
  identity.hostname = first_line(tree, {"/proc/sys/kernel/hostname", "/etc/hostname"});
  return identity;
}

bool same_board(const BoardIdentity& a, const BoardIdentity& b) {
  if (a.board != b.board) return false;
  if (!a.twin.empty() || !b.twin.empty()) return a.twin == b.twin;
  for (const auto member :
       {&BoardIdentity::serial, &BoardIdentity::machine_id, &BoardIdentity::hostname})
    if (!(a.*member).empty() && !(b.*member).empty()) return a.*member == b.*member;
  return false;
}

std::string name_of(const BoardIdentity& identity) {
  if (!identity.twin.empty()) return "twin " + identity.twin;
  if (!identity.serial.empty()) return "serial number " + identity.serial;
  if (!identity.machine_id.empty()) return "machine-id " + identity.machine_id;
  if (!identity.hostname.empty()) return "host " + identity.hostname;
  return "a board that does not say which";
}

std::string calibration_file(const Paths& paths) { return state_folder(paths) + kFile; }

std::string to_toml(const std::vector<StoredCalibration>& all) {
  std::string text = kHead;
  for (const StoredCalibration& one : all) {
    text += "\n[[calibration]]\n";
    for (const TextField& field : kIdentity)
      if (const std::string& value = one.board.*field.member; !value.empty())
        text += fmt::format("{} = {}\n", field.key, quoted(value));
    if (!one.release.empty()) text += fmt::format("release = {}\n", quoted(one.release));
    text += fmt::format("rail = {}\nsensor = {}\n", quoted(one.rail), quoted(one.sensor));
    const Numbers numbers = numbers_of(one.calibration);
    for (const NumberField& field : kNumbers) {
      std::string number = fmt::format("{}", numbers.*field.member);
      if (number.find_first_of(".en") == std::string::npos) number += ".0";
      text += fmt::format("{} = {}\n", field.key, number);
    }
    text += fmt::format("meter = {}\ndate = {}\n", quoted(one.calibration.meter),
                        quoted(one.calibration.date));
  }
  return text;
}

Result<std::vector<StoredCalibration>> parse_calibrations(const std::string& toml,
                                                          const std::string& path) {
  ISOJOULE_TRY(const TomlReader reader, TomlReader::parse(toml, path));
  ISOJOULE_CHECK(reader.check_keys(reader.root(), {"calibration"}, "the file"));
  ISOJOULE_TRY(const auto tables, reader.tables(reader.root(), "calibration"));
  std::vector<StoredCalibration> all;
  for (const toml::table* table : tables) {
    ISOJOULE_TRY(StoredCalibration one, read(reader, *table));
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<StoredCalibration>> load_calibrations(const std::string& path) {
  auto text = read_text_file(path);
  if (!text) {
    if (text.error().kind == ErrorKind::not_found) return std::vector<StoredCalibration>{};
    text.error().remedy = "Make it readable, or leave calibrations out with --no-calibration";
    return tl::unexpected<Error>(text.error());
  }
  auto all = parse_calibrations(*text, path);
  if (!all && all.error().remedy.empty())
    all.error().remedy = "Mend or delete the file, or leave it out with --no-calibration";
  return all;
}

Result<std::vector<StoredCalibration>> known_calibrations(const Paths& paths) {
  std::vector<StoredCalibration> all;
  for (const std::string& folder : state_folders(paths)) {
    ISOJOULE_TRY(const auto some, load_calibrations(folder + kFile));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Status store_calibration(const std::string& path, const StoredCalibration& calibration) {
  ISOJOULE_TRY([[maybe_unused]] const FileLock lock, FileLock::take(path));
  ISOJOULE_TRY(auto all, load_calibrations(path));
  std::erase_if(all, [&](const StoredCalibration& one) {
    return one.sensor == calibration.sensor && same_board(one.board, calibration.board);
  });
  all.push_back(calibration);
  return write_text_file(path, to_toml(all));
}

Result<std::size_t> remove_calibrations(const std::string& path, const BoardIdentity& board,
                                        const std::string& rail) {
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return 0;
  ISOJOULE_TRY([[maybe_unused]] const FileLock lock, FileLock::take(path));
  ISOJOULE_TRY(auto all, load_calibrations(path));
  const std::size_t removed = std::erase_if(all, [&](const StoredCalibration& one) {
    return same_board(one.board, board) && (rail.empty() || one.rail == rail);
  });
  if (removed > 0) ISOJOULE_CHECK(write_text_file(path, to_toml(all)));
  return removed;
}

std::optional<int> days_since(const std::string& date) {
  std::tm parts{};
  if (std::sscanf(date.c_str(), "%4d-%2d-%2d", &parts.tm_year, &parts.tm_mon, &parts.tm_mday) != 3)
    return std::nullopt;
  if (parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 || parts.tm_mday > 31)
    return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const std::time_t then = ::timegm(&parts);
  if (then == -1) return std::nullopt;
  return static_cast<int>((std::time(nullptr) - then) / 86400);
}

Status use_calibrations(const Paths& paths, Board& board) {
  ISOJOULE_TRY(const auto all, known_calibrations(paths));
  if (all.empty()) return {};
  const BoardIdentity own = identity_of(board);
  for (const auto& sensor : board.sensors)
    for (const ChannelInfo& channel : sensor->channels())
      for (const StoredCalibration& one : all) {
        if (one.sensor != channel.sensor || one.rail != channel.rail || !same_board(one.board, own))
          continue;
        if (!board.calibrations.emplace(channel.sensor, one.calibration).second) continue;
        if (const std::string doubts = doubts_of(one, own, board.release.name); !doubts.empty())
          board.calibration_doubts[channel.sensor] = doubts;
      }
  return {};
}

std::vector<Error> calibration_problems(const Board& board) {
  std::vector<Error> problems;
  for (const auto& sensor : board.sensors)
    for (const ChannelInfo& channel : sensor->channels())
      if (const auto found = board.calibration_doubts.find(channel.sensor);
          found != board.calibration_doubts.end())
        problems.push_back({ErrorKind::out_of_range,
                            fmt::format("the calibration of {}: {}", channel.rail, found->second),
                            "", "Calibrate again: isojoule calibrate"});
  return problems;
}

}  // namespace isojoule
