// For tests: a made-up fleet in which everything happens that a picture can show.
#pragma once

#include "app/fleet/fleet_picture.h"
#include "fleet/name.h"

namespace isojoule::test {

inline constexpr std::int64_t kFleetNow_ns = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z

inline FleetBoard fleet_board(const std::string& name, fleet::BoardState state, bool simulated) {
  FleetBoard board;
  board.name = name;
  board.alive = true;
  board.seen_ns = kFleetNow_ns - 2'000'000'000;
  board.card.name = name;
  board.card.instance = "i";
  board.card.board = simulated ? "jetson-nano" : "jetson-orin-nx";
  board.card.release = simulated ? "32.7" : "36.4";
  board.card.simulated = simulated;
  board.card.protocol = fleet::kProtocol;
  board.card.version = "0.9";
  fleet::Pulse pulse;
  pulse.instance = "i";
  pulse.state = state;
  pulse.runs = 312;
  pulse.blocks = 26;
  pulse.temperatures_c = {{"CPU", 61.25}, {"GPU", 58}};
  pulse.power_w = 7.25;
  pulse.uptime_s = 3600;
  board.pulse = pulse;
  return board;
}

inline FleetPicture fleet_picture() {
  using fleet::BoardState;
  FleetPicture picture;
  picture.server = "lab 2.9.10 nats://lab:4222";
  picture.reachable = picture.is_set_up = true;
  picture.server_ns = kFleetNow_ns;
  FleetBoard busy = fleet_board("rack1-01", BoardState::measuring, false);
  busy.pulse->study = "0123456789abcdef01234567";
  busy.pulse->block = 17;
  busy.pulse->block_done = 5;
  busy.pulse->block_runs = 12;
  busy.pulse->network = "resnet-18";
  busy.pulse->setting = "cpu_frequency_hz=1510400000 gpu_frequency_hz=918000000";
  FleetBoard idle = fleet_board("rack1-02", BoardState::idle, true);
  FleetBoard hot = fleet_board("rack1-03", BoardState::out, false);
  hot.pulse->why = "throttled for 60 s at 97 C";
  hot.pulse->unsent = 3;
  FleetBoard lost = fleet_board("rack1-04", BoardState::idle, false);
  lost.alive = false;
  lost.pulse.reset();
  lost.seen_ns = kFleetNow_ns - 600'000'000'000;
  FleetBoard drained = fleet_board("rack1-05", BoardState::drained, false);
  drained.order = {true, "fan is \"loud\"\\", 0};
  FleetBoard odd;
  odd.name = "rack1-06";
  odd.problems = {"its card cannot be read: \x1b[31mno JSON"};
  picture.boards = {busy, idle, hot, lost, drained, odd};

  SeenStudy study;
  study.record.study = busy.pulse->study;
  study.record.name = "orin-night";
  study.record.board = "jetson-orin-nx";
  study.record.engine = "trtexec";
  study.record.lanes = 2;
  study.record.blocks = 170;
  study.record.runs = 2000;
  study.record.created = "2023-11-14T20:00:00Z";
  study.stored = 412;
  study.lanes = {{0, fleet::QueueState{63, 1, 0}, {"rack1-01", "rack1-05"}}, {1, std::nullopt, {}}};
  study.refused = {{"rack1-03", "no engine trtexec"}, {"rack1-07", "no engine trtexec"}};
  study.deadly = 1;
  study.rate_hz = 0.25;
  study.left_s = 6352;
  study.measuring = {"rack1-01"};
  SeenStudy old = study;
  old.record.study = "fedcba9876543210fedcba98";
  old.record.name = "nano-day";
  old.record.board = "jetson-nano";
  old.record.simulated = old.record.closed = true;
  old.record.lanes = 1;
  old.stored = 2000;
  old.lanes = {{0, fleet::QueueState{0, 0, 0}, {"rack1-02"}}};
  old.refused.clear();
  old.deadly = 0;
  old.rate_hz.reset();
  old.left_s.reset();
  old.measuring.clear();
  picture.studies = {old, study};
  picture.minutes = {{kFleetNow_ns / 60'000'000'000 - 1, 15}, {kFleetNow_ns / 60'000'000'000, 4}};
  return picture;
}

}  // namespace isojoule::test
