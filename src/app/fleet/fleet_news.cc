#include "app/fleet/fleet_news.h"

#include "app/fleet/fleet_json.h"
#include "isojoule/version.h"

namespace isojoule {
namespace {

using nlohmann::json;

// What of a board the page does not show and every pulse changes.
constexpr const char* kNotShown[] = {"uptime_s", "wall_time", "serial", "name"};

json shown_board(const FleetPicture& picture, const FleetBoard& board) {
  json out = to_json(picture, board);
  for (const char* key : kNotShown) out.erase(key);
  if (board.alive) out.erase("seen_unix_s");  // within the age of a pulse
  return out;
}

// Keys of `now` that are new or another value, and null for those that are no more.
json changes_of(const json& before, const json& now) {
  json changes = json::object();
  for (const auto& [key, value] : now.items()) {
    const auto old = before.find(key);
    if (old == before.end() || *old != value) changes[key] = value;
  }
  for (const auto& [key, value] : before.items())
    if (!now.contains(key)) changes[key] = nullptr;
  return changes;
}

json rest_of(const FleetPicture& picture) {
  json rest = {{"version", ISOJOULE_VERSION},    {"server", picture.server},
               {"reachable", picture.reachable}, {"trouble", picture.trouble},
               {"set_up", picture.is_set_up},    {"studies", studies_json(picture)["studies"]},
               {"minutes", json::array()}};
  if (picture.server_ns > 0) {
    const std::int64_t whole_ms = picture.server_ns / 1'000'000;
    rest["server_unix_s"] = static_cast<double>(whole_ms) * 1e-3;
  }
  for (const FleetMinute& minute : picture.minutes)
    rest["minutes"].push_back({minute.minute, minute.runs});
  return rest;
}

}  // namespace

std::string FleetNews::head() const {
  json head = rest_;
  head["event"] = "head";
  head["schema"] = kSchema;
  head["number"] = number_;
  head["boards"] = json::object();
  for (const auto& [name, board] : boards_) head["boards"][name] = board;
  return json_text(head);
}

std::string FleetNews::take(const FleetPicture& picture) {
  json rest = rest_of(picture);
  json event = changes_of(rest_, rest);
  std::map<std::string, json> boards;
  for (const FleetBoard& board : picture.boards) boards[board.name] = shown_board(picture, board);
  json changed = json::object(), gone = json::array();
  for (const auto& [name, board] : boards) {
    const auto before = boards_.find(name);
    json changes = before == boards_.end() ? board : changes_of(before->second, board);
    if (!changes.empty()) changed[name] = std::move(changes);
  }
  for (const auto& [name, board] : boards_)
    if (!boards.contains(name)) gone.push_back(name);
  if (!changed.empty()) event["boards"] = std::move(changed);
  if (!gone.empty()) event["gone"] = std::move(gone);
  event["event"] = "change";
  event["number"] = ++number_;
  boards_ = std::move(boards);
  rest_ = std::move(rest);
  return json_text(event);
}

}  // namespace isojoule
