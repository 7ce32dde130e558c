// Everything that is known of a fleet at one moment: its boards, what they do, its studies and how
// far they are. Only read; nothing on the server is changed by looking.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "fleet/bus.h"
#include "fleet/message.h"

namespace isojoule {

struct FleetBoard {
  std::string name;
  fleet::BoardCard card;              // empty but for its problems where it cannot be read
  std::optional<fleet::Pulse> pulse;  // of a lost board: the last that this program saw
  bool alive = false;                 // its pulse is on the server
  fleet::Order order;
  // By the server's clock, ns since 1970: the newest thing that the server has of it (its pulse; of
  // a lost board what this program saw of it last, a stored run, its card). 0: not known.
  std::int64_t seen_ns = 0;
  std::vector<std::string> problems;  // beside the card's: a card or pulse that cannot be read
};

struct FleetLane {
  std::int64_t lane = 0;
  std::optional<fleet::QueueState> queue;  // absent: it has none
  std::vector<std::string> boards;
};
struct FleetRefusal {
  std::string board, reason;
};
struct SeenStudy {
  fleet::StudyRecord record;
  std::int64_t stored = 0;  // runs of the plan that the server has, each once
  std::vector<FleetLane> lanes;
  std::vector<FleetRefusal> refused;
  std::int64_t deadly = 0;             // runs during which agents died
  std::optional<double> rate_hz;       // runs stored a second, over the last minutes
  std::optional<double> left_s;        // of an open study, at that rate
  std::vector<std::string> measuring;  // boards that do so now
};

struct FleetMinute {
  std::int64_t minute = 0;  // since 1970, by the server's clock
  std::int64_t runs = 0;    // stored in it
};

struct FleetPicture {
  std::string server;
  bool reachable = false;
  std::string trouble;  // why not
  bool is_set_up = false;
  std::int64_t server_ns = 0;      // the server's clock now, about; 0: nothing there tells it
  std::vector<FleetBoard> boards;  // by name
  std::vector<SeenStudy> studies;
  std::vector<FleetMinute> minutes;  // since this program looks, an hour at most; the oldest first
};

// What a board is at: "lost", "out", "drained", "draining", "measuring", "idle".
std::string_view state_of(const FleetBoard& board);
inline constexpr std::string_view kFleetStates[] = {"lost",     "out",       "drained",
                                                    "draining", "measuring", "idle"};
// What is wrong with it, the worst first; one line each, as others wrote them.
std::vector<std::string> troubles_of(const FleetBoard& board);
// 0: lost or out; 1: something is wrong; 2: drained or draining; 3: all is well.
int rank_of(const FleetBoard& board);
std::optional<double> hottest_c(const FleetBoard& board);
const SeenStudy* study_of(const FleetPicture& picture, const FleetBoard& board);
std::string server_time_text(std::int64_t server_ns);  // "2026-01-31T12:00:00Z"

// Looks again and again. One thread.
class FleetLook {
 public:
  // Both outlive it.
  FleetLook(fleet::Bus& bus, Clock& clock) : bus_(bus), clock_(clock) {}

  // The picture anew. An error leaves the one before, marked as not reachable.
  Status refresh();
  const FleetPicture& picture() const { return picture_; }

 private:
  // Cards are large and seldom change; counting a study's runs is work for the server.
  static constexpr Duration kCardAge = Duration::milliseconds(30'000);
  static constexpr Duration kCountAge = Duration::milliseconds(5000);
  static constexpr Duration kClosedAge = Duration::milliseconds(60'000);

  struct Stored {
    std::int64_t runs = 0;
    Instant next{};  // when it is to be counted again
    bool counted = false;
    std::vector<std::pair<Instant, std::int64_t>> past;  // of the last minutes
  };

  Status read();
  Result<std::vector<fleet::KeyValue>> entries(const char* bucket);  // none where it is not there
  Status read_boards();
  Status read_cards(const std::vector<fleet::KeyValue>& pulses);
  void take_pulse(FleetBoard& board, const fleet::KeyValue& entry);
  Status read_studies();
  Status read_lanes(SeenStudy& study);
  Status count_runs(SeenStudy& study);
  void estimate(SeenStudy& study, const Stored& stored) const;
  void see(std::int64_t server_ns);  // a moment of the server's clock
  std::int64_t last_stored(const std::string& board);

  fleet::Bus& bus_;
  Clock& clock_;
  FleetPicture picture_;
  std::vector<fleet::KeyValue> cards_;
  std::optional<Instant> cards_read_;
  std::map<std::string, fleet::Pulse> last_pulses_;   // of boards that were alive once
  std::map<std::string, std::int64_t> last_seen_ns_;  // and of lost ones
  std::map<std::string, Stored> stored_;              // by study
  std::int64_t seen_ns_ = 0;                          // the newest moment of the server's clock
  Instant seen_at_{};                                 // and ours then
};

}  // namespace isojoule
