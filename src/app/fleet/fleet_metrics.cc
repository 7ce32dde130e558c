#include "app/fleet/fleet_metrics.h"

#include <map>

#include "isojoule/version.h"
#include "report/exposition.h"

namespace isojoule {
namespace {

class FleetText {
 public:
  explicit FleetText(const FleetPicture& picture) : picture_(picture) {}

  std::string text() {
    out_.gauge("isojoule_fleet_info", "What looks at the fleet. Always 1.")
        .add({{"version", ISOJOULE_VERSION}}, 1);
    out_.gauge("isojoule_fleet_server_reachable", "1 where the fleet's server answered.")
        .add({}, picture_.reachable ? 1 : 0);
    if (!picture_.reachable) return out_.text();
    add_states();
    for (const FleetBoard& board : picture_.boards) add_board(board);
    for (const SeenStudy& study : picture_.studies) add_study(study);
    return out_.text();
  }

 private:
  void add_states() {
    std::map<std::string_view, int> states;
    for (const FleetBoard& board : picture_.boards) ++states[state_of(board)];
    for (const std::string_view state : kFleetStates)
      out_.gauge("isojoule_fleet_boards", "Boards that have announced themselves, by state.")
          .add({{"state", std::string(state)}}, states[state]);
  }

  static Labels labels_of(const FleetBoard& board) {
    return {{"name", board.name},
            {"board", board.card.board},
            {"simulated", board.card.simulated ? "true" : "false"}};
  }

  void add_board(const FleetBoard& board) {
    const Labels base = labels_of(board);
    out_.gauge("isojoule_fleet_board_alive", "1 while the board's pulse is on the server.")
        .add(base, board.alive ? 1 : 0);
    if (!board.card.board.empty())
      out_.gauge("isojoule_fleet_board_info", "What the board is. Always 1.")
          .add(with(base, {{"release", board.card.release}, {"version", board.card.version}}), 1);
    out_.gauge("isojoule_fleet_board_troubles", "Things that are wrong with the board.")
        .add(base, static_cast<double>(troubles_of(board).size()));
    if (board.seen_ns > 0)
      out_.gauge("isojoule_fleet_board_seen_time_seconds",
                 "When it was seen last, in seconds since 1970 by the server's clock.")
          .add(base, static_cast<double>(board.seen_ns) * 1e-9);
    if (board.alive && board.pulse) add_pulse(base, *board.pulse);
  }

  void add_pulse(const Labels& base, const fleet::Pulse& pulse) {
    out_.counter("isojoule_fleet_runs_total", "Runs that a board made since its agent began.")
        .add(base, static_cast<double>(pulse.runs));
    out_.counter("isojoule_fleet_blocks_total", "Blocks that a board made since its agent began.")
        .add(base, static_cast<double>(pulse.blocks));
    out_.gauge("isojoule_fleet_unsent_runs", "Runs that wait on a board's disk for the server.")
        .add(base, static_cast<double>(pulse.unsent));
    out_.gauge("isojoule_fleet_agent_uptime_seconds", "Since a board's agent began.")
        .add(base, pulse.uptime_s);
    if (pulse.power_w)
      out_.gauge("isojoule_fleet_power_watts", "A board's total, as it was read last.")
          .add(base, *pulse.power_w);
    for (const auto& [zone, celsius] : pulse.temperatures_c)
      out_.gauge("isojoule_fleet_temperature_celsius", "Of a board's thermal zone.")
          .add(with(base, {{"zone", zone}}), celsius);
  }

  void add_study(const SeenStudy& study) {
    const Labels base = {{"study", study.record.study},
                         {"name", study.record.name},
                         {"board", study.record.board},
                         {"simulated", study.record.simulated ? "true" : "false"}};
    const auto gauge = [&](const char* name, const char* help, double value) {
      out_.gauge(name, help).add(base, value);
    };
    gauge("isojoule_fleet_study_open", "1 while work of the study may be taken.",
          study.record.closed ? 0 : 1);
    gauge("isojoule_fleet_study_planned_runs", "Runs of the study, all lanes together.",
          static_cast<double>(study.record.runs));
    gauge("isojoule_fleet_study_stored_runs", "Of these, runs that the server has.",
          static_cast<double>(study.stored));
    gauge("isojoule_fleet_study_boards", "Boards that take part.", joined_boards(study));
    gauge("isojoule_fleet_study_refusals", "Boards that cannot take part.",
          static_cast<double>(study.refused.size()));
    gauge("isojoule_fleet_study_deadly_runs", "Runs during which agents died.",
          static_cast<double>(study.deadly));
    for (const FleetLane& lane : study.lanes) {
      if (!lane.queue) continue;
      const Labels labels = with(base, {{"lane", std::to_string(lane.lane)}});
      out_.gauge("isojoule_fleet_study_waiting_blocks", "Blocks that nobody has.")
          .add(labels, static_cast<double>(lane.queue->waiting));
      out_.gauge("isojoule_fleet_study_claimed_blocks", "Blocks that boards measure.")
          .add(labels, static_cast<double>(lane.queue->claimed));
    }
  }
  static double joined_boards(const SeenStudy& study) {
    std::size_t count = 0;
    for (const FleetLane& lane : study.lanes) count += lane.boards.size();
    return static_cast<double>(count);
  }

  const FleetPicture& picture_;
  Exposition out_;
};

}  // namespace

std::string fleet_metrics(const FleetPicture& picture) { return FleetText(picture).text(); }

}  // namespace isojoule
