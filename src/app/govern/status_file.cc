#include "app/govern/status_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "app/guard_place.h"
#include "base/text_file.h"
#include "base/wall_time.h"
#include "board/board_lock.h"
#include "board/process_start.h"
#include "board/restore.h"
#include "isojoule/version.h"

namespace isojoule {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPrefix = "govern-";
constexpr const char* kEnding = ".json";
// A governor is silent that has not written for so many of its epochs, and so many seconds.
constexpr double kSilentEpochs = 5, kSilentSeconds = 5;

json number_or_null(const std::optional<double>& value) {
  return value && std::isfinite(*value) ? json(*value) : json();
}
json finite(double value) { return number_or_null(value); }

json controller_json(const ControllerState& state) {
  return {{"slow_down", finite(state.slow_down)},
          {"slow_down_sd", finite(state.slow_down_sd)},
          {"power_scale", finite(state.power_scale)},
          {"power_scale_sd", finite(state.power_scale_sd)},
          {"arrival_hz", finite(state.arrival_hz)},
          {"arrival_peak_hz", finite(state.arrival_peak_hz)},
          {"margin", finite(state.margin)},
          {"load", finite(state.load)},
          {"expected_latency_s", finite(state.latency_s)},
          {"expected_request_j", finite(state.energy_j)},
          {"safe_settings", state.safe},
          {"recent_late_share", finite(state.recent_late)},
          {"exploring", state.exploring},
          {"drifts", state.drifts},
          {"explorations", state.explorations},
          {"emergencies", state.emergencies},
          {"odd_reports", state.odd_reports}};
}

bool is_status_file(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.starts_with(kPrefix) && name.ends_with(kEnding);
}

std::vector<std::string> status_files(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(folder, code))
    if (is_status_file(entry.path())) found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  return found;
}

// Whatever stands there: another version's, half of somebody's own.
Result<RunningGovernor> read_status(const std::string& path) {
  ISOJOULE_TRY(const std::string text, read_text_file(path));
  RunningGovernor found;
  found.path = path;
  found.state = json::parse(text, nullptr, false);
  if (!found.state.is_object() || !found.state.contains("isojoule_status") ||
      !found.state["isojoule_status"].is_number_integer())
    return fail(ErrorKind::damaged, path + " is no status of isojoule", "Remove it");
  if (found.state["isojoule_status"].get<std::int64_t>() > kStatusSchema)
    return fail(ErrorKind::newer_schema, path + " was written by a newer isojoule",
                "Ask that one: its version is in the file");
  for (const char* key : {"process", "process_start", "updated_unix_s", "epoch_s"})
    if (!found.state.contains(key) || !found.state[key].is_number())
      return fail(ErrorKind::damaged, path + " lacks '" + key + "'", "Remove it");
  found.process = found.state["process"].get<std::int64_t>();
  const std::int64_t start = found.state["process_start"].get<std::int64_t>();
  found.alive = process_start_of(found.process) == start && start > 0;
  const double silent_s =
      static_cast<double>(wall_clock_ns()) * 1e-9 - found.state["updated_unix_s"].get<double>();
  found.stale =
      found.alive &&
      silent_s > std::max(kSilentSeconds, kSilentEpochs * found.state["epoch_s"].get<double>());
  return found;
}

std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}
std::optional<double> number_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_number() ? std::optional(found->get<double>())
                                                     : std::nullopt;
}

std::string quantity(const std::optional<double>& value, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value) : "not known";
}

std::string text_of(const RunningGovernor& governor) {
  const json& state = governor.state;
  const bool simulated = state.contains("simulated") && state["simulated"] == true;
  std::string text = fmt::format("govern: process {}{}, {}{}, since {}\n", governor.process,
                                 governor.alive ? (governor.stale ? ", SILENT" : "") : ", DEAD",
                                 text_at(state, "board"), simulated ? " (simulated)" : "",
                                 text_at(state, "since"));
  if (!governor.alive)
    return text + "  it ended without a word; its keeper restores the board (isojoule probe)\n";
  const std::string setting = text_at(state, "setting"), blind = text_at(state, "blind");
  text += "  setting      " + (setting.empty() ? "the stock governors'" : setting) + "\n";
  text += "  why          " + text_at(state, "why") + "\n";
  if (!blind.empty()) text += "  blind        " + blind + "\n";
  const json empty = json::object();
  const json& controller = state.contains("controller") ? state["controller"] : empty;
  text += fmt::format("  load         {}, {} requests a second, {} waiting, services: {}\n",
                      quantity(number_at(controller, "load"), "{:.2f}"),
                      quantity(number_at(state, "arrival_hz"), "{:.1f}"),
                      quantity(number_at(state, "queued"), "{:.0f}"),
                      quantity(number_at(state, "services"), "{:.0f}"));
  text += fmt::format("  slow-down    {}, margin {}\n",
                      quantity(number_at(controller, "slow_down"), "{:.3f}"),
                      quantity(number_at(controller, "margin"), "{:.3f}"));
  const auto served = number_at(state, "served"), late = number_at(state, "late");
  text += fmt::format("  requests     {} answered, {} late", quantity(served, "{:.0f}"),
                      quantity(late, "{:.0f}"));
  if (served && late && *served > 0) text += fmt::format(" ({:.2f} %)", 100 * *late / *served);
  text += fmt::format("\n  power        {}, energy {} in {}\n",
                      quantity(number_at(state, "power_w"), "{:.2f} W"),
                      quantity(number_at(state, "energy_j"), "{:.1f} J"),
                      quantity(number_at(state, "energy_known_s"), "{:.0f} s"));
  text += fmt::format("  switches     {}, fallbacks {}\n",
                      quantity(number_at(state, "switches"), "{:.0f}"),
                      quantity(number_at(state, "fallback_count"), "{:.0f}"));
  return text;
}

// The machine's own board, and trees below a --sysroot.
void add_holders(const Paths& paths, MachineStatus& status) {
  std::vector<std::string> locks = {machine_lock()};
  std::error_code code;
  for (const std::string& folder : state_folders(paths))
    for (const auto& entry : fs::directory_iterator(folder, code)) {
      if (entry.path().extension() == ".lock") locks.push_back(entry.path().string());
      if (entry.path().extension() != ".journal") continue;
      const auto left = left_behind(entry.path().string());
      if (!left) {
        status.problems.push_back(to_string(left.error()));
      } else if (*left) {
        status.holders.push_back({entry.path().string(),
                                  (*left)->command + " since " + (*left)->since, !(*left)->held,
                                  (*left)->held});
      }
    }
  for (const std::string& lock : locks)
    if (const auto who = lock_holder(lock)) status.holders.push_back({lock, *who, false, false});
}

}  // namespace

json status_json(const LiveState& state, const GovernLabels& labels) {
  std::int64_t fallbacks = 0;
  for (const auto& [cause, count] : state.fallbacks) fallbacks += count;
  return {{"isojoule_status", kStatusSchema},
          {"version", ISOJOULE_VERSION},
          {"kind", "govern"},
          {"process", ::getpid()},
          {"process_start", process_start_of(::getpid())},
          {"updated_unix_s", static_cast<double>(wall_clock_ns()) * 1e-9},
          {"since", labels.since},
          {"command", labels.command},
          {"board", labels.board},
          {"simulated", labels.simulated},
          {"network", labels.network},
          {"socket", labels.socket},
          {"latency_limit_s", labels.latency_limit_s},
          {"late_share_limit", labels.late_share},
          {"epoch_s", labels.epoch_s},
          {"uptime_s", finite(state.uptime_s)},
          {"setting", state.setting},
          {"stock_governors", state.setting.empty()},
          {"why", state.why},
          {"blind", state.blind},
          {"services", state.services},
          {"queued", state.queued},
          {"arrival_hz", finite(state.arrival_hz)},
          {"longest_latency_s", number_or_null(state.latency_s)},
          {"power_w", number_or_null(state.power_w)},
          {"temperature_c", number_or_null(state.temperature_c)},
          {"energy_j", finite(state.energy_j)},
          {"energy_known_s", finite(state.energy_known_s)},
          {"energy_saved_j", json()},
          {"why_no_saving", "what the stock governors would have taken of this load is not known"},
          {"epochs", state.epochs},
          {"blind_epochs", state.blind_epochs},
          {"arrived", state.arrived},
          {"served", state.served},
          {"dropped", state.dropped},
          {"late", state.late},
          {"lost_marks", state.lost_marks},
          {"absurd_marks", state.absurd_marks},
          {"switches", state.switches},
          {"fallback_count", fallbacks},
          {"fallbacks", state.fallbacks},
          {"controller", controller_json(state.controller)}};
}

StatusFile::StatusFile(const std::string& folder, GovernLabels labels)
    : path_(folder + "/" + kPrefix + std::to_string(::getpid()) + kEnding),
      folder_(make_runtime_folder(folder)),
      labels_(std::move(labels)) {
  if (!folder_) return;
  std::error_code code;
  for (const std::string& other : status_files(folder)) {
    const auto found = read_status(other);
    if (!found || found->alive) continue;
    fs::remove(other, code);
    // And the socket of a wrapped program's, which nobody listens at any more.
    fs::remove(folder + "/" + kPrefix + std::to_string(found->process) + ".sock", code);
  }
}

StatusFile::~StatusFile() {
  std::error_code code;
  if (folder_) fs::remove(path_, code);
}

// Not brought to the disk: it tells of this boot's processes only, and an epoch may be short.
Status StatusFile::publish(const LiveState& state) {
  const std::string part = path_ + ".part";
  const std::string text =
      status_json(state, labels_).dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  ISOJOULE_CHECK(folder_);
  ::unlink(part.c_str());  // of one that was killed, with this process's number
  const int descriptor =
      ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
  FILE* const file = descriptor >= 0 ? ::fdopen(descriptor, "w") : nullptr;
  if (file == nullptr) return tl::unexpected<Error>(error_from_errno(errno, part, "write"));
  const bool is_written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  const bool is_closed = std::fclose(file) == 0;
  if (is_written && is_closed && std::rename(part.c_str(), path_.c_str()) == 0) return {};
  const Error error = error_from_errno(errno, path_, "write");
  ::unlink(part.c_str());
  return tl::unexpected<Error>(error);
}

bool MachineStatus::runs() const {
  const bool governs = std::any_of(governors.begin(), governors.end(),
                                   [](const RunningGovernor& one) { return one.alive; });
  return governs || std::any_of(holders.begin(), holders.end(), [](const BoardHolder& one) {
           return !one.left_behind && !one.held;
         });
}

MachineStatus machine_status(const Paths& paths) {
  // Root's governors are everybody's to see, unless somebody asks for a folder of their own.
  std::vector<std::string> folders = {"/run/isojoule"};
  if (std::getenv("ISOJOULE_RUNTIME") != nullptr) folders = {runtime_folder()};
  if (runtime_folder() != folders.front()) folders.push_back(runtime_folder());
  return machine_status(paths, folders);
}

MachineStatus machine_status(const Paths& paths, const std::vector<std::string>& folders) {
  MachineStatus status;
  for (const std::string& folder : folders)
    for (const std::string& path : status_files(folder)) {
      auto found = read_status(path);
      if (found)
        status.governors.push_back(std::move(*found));
      else if (found.error().kind != ErrorKind::not_found)  // it ended while we looked
        status.problems.push_back(to_string(found.error()));
    }
  add_holders(paths, status);
  return status;
}

std::string status_text(const MachineStatus& status) {
  std::string text;
  for (const RunningGovernor& governor : status.governors) text += text_of(governor);
  for (const BoardHolder& holder : status.holders)
    text += fmt::format("board: {} {}\n",
                        holder.left_behind ? "LEFT BEHIND by"
                        : holder.held      ? "held by"
                                           : "set by",
                        holder.who);
  for (const std::string& problem : status.problems) text += "attention: " + problem + "\n";
  if (text.empty()) text = "nothing of isojoule holds a board here\n";
  return text;
}

json status_json(const MachineStatus& status) {
  json governors = json::array(), holders = json::array();
  for (const RunningGovernor& governor : status.governors) {
    json one = governor.state;
    one["alive"] = governor.alive;
    one["silent"] = governor.stale;
    governors.push_back(std::move(one));
  }
  for (const BoardHolder& holder : status.holders)
    holders.push_back({{"place", holder.lock},
                       {"who", holder.who},
                       {"left_behind", holder.left_behind},
                       {"held", holder.held}});
  return {{"isojoule", ISOJOULE_VERSION},
          {"runs", status.runs()},
          {"governors", governors},
          {"boards", holders},
          {"problems", status.problems}};
}

}  // namespace isojoule
