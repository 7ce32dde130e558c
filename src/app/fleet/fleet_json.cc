#include "app/fleet/fleet_json.h"

namespace isojoule {
namespace {

using nlohmann::json;

double unix_s(std::int64_t ns) {
  const std::int64_t whole_ms = ns / 1'000'000;
  return static_cast<double>(whole_ms) * 1e-3;
}

json head_json(const FleetPicture& picture) {
  json head = {{"server", picture.server}, {"set_up", picture.is_set_up}};
  if (picture.server_ns > 0) head["server_unix_s"] = unix_s(picture.server_ns);
  return head;
}

void add_card(json& out, const fleet::BoardCard& card) {
  out["board"] = card.board;
  out["title"] = card.title;
  out["release"] = card.release;
  out["variant"] = card.variant;
  out["simulated"] = card.simulated;
  out["serial"] = card.serial;
  out["version"] = card.version;
  out["protocol"] = card.protocol;
  out["allow_command"] = card.allow_command;
}

// Of the present, where the board is there; its counts stay known when it is lost.
void add_pulse(json& out, const FleetBoard& board) {
  const fleet::Pulse& pulse = *board.pulse;
  out["runs"] = pulse.runs;
  out["blocks"] = pulse.blocks;
  out["unsent_runs"] = pulse.unsent;
  if (!board.alive) return;
  out["why"] = pulse.why;
  out["uptime_s"] = pulse.uptime_s;
  out["wall_time"] = pulse.wall_time;
  out["temperatures_c"] = pulse.temperatures_c;
  if (pulse.power_w) out["power_w"] = *pulse.power_w;
  if (pulse.study.empty()) return;
  out["study"] = pulse.study;
  out["block"] = pulse.block;
  out["block_runs"] = pulse.block_runs;
  out["block_done"] = pulse.block_done;
  out["network"] = pulse.network;
  out["setting"] = pulse.setting;
}

}  // namespace

json to_json(const FleetPicture& picture, const FleetBoard& board) {
  json out = {
      {"name", board.name},          {"state", state_of(board)},       {"alive", board.alive},
      {"rank", rank_of(board)},      {"troubles", troubles_of(board)}, {"drain", board.order.drain},
      {"drain_why", board.order.why}};
  add_card(out, board.card);
  if (board.seen_ns > 0) out["seen_unix_s"] = unix_s(board.seen_ns);
  if (board.pulse) add_pulse(out, board);
  if (const SeenStudy* study = study_of(picture, board); study != nullptr && board.alive)
    out["study_name"] = study->record.name;
  return out;
}

json to_json(const SeenStudy& study) {
  const fleet::StudyRecord& record = study.record;
  json out = {{"study", record.study},
              {"name", record.name},
              {"board", record.board},
              {"simulated", record.simulated},
              {"engine", record.engine},
              {"created", record.created},
              {"closed", record.closed},
              {"open_end", record.open_end},
              {"needs_command", record.needs_command},
              {"planned", record.runs},
              {"stored", study.stored},
              {"blocks", record.blocks},
              {"deadly_runs", study.deadly},
              {"measuring", study.measuring},
              {"lanes", json::array()},
              {"refused", json::array()}};
  for (const FleetLane& lane : study.lanes) {
    json one = {{"lane", lane.lane}, {"boards", lane.boards}};
    if (lane.queue) {
      one["blocks_waiting"] = lane.queue->waiting;
      one["blocks_claimed"] = lane.queue->claimed;
      one["blocks_again"] = lane.queue->again;
    }
    out["lanes"].push_back(std::move(one));
  }
  for (const FleetRefusal& refusal : study.refused)
    out["refused"].push_back({{"board", refusal.board}, {"reason", refusal.reason}});
  if (study.rate_hz) out["runs_per_minute"] = *study.rate_hz * 60;
  if (study.left_s) out["left_s"] = *study.left_s;
  return out;
}

json boards_json(const FleetPicture& picture) {
  json out = head_json(picture);
  out["boards"] = json::array();
  for (const FleetBoard& board : picture.boards) out["boards"].push_back(to_json(picture, board));
  return out;
}

json studies_json(const FleetPicture& picture) {
  json out = head_json(picture);
  out["studies"] = json::array();
  for (const SeenStudy& study : picture.studies) out["studies"].push_back(to_json(study));
  return out;
}

std::string json_text(const json& value, int indent) {
  return value.dump(indent, ' ', false, json::error_handler_t::replace);
}

}  // namespace isojoule
