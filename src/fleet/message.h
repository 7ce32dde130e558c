// Everything that agents and coordinators say to each other, as data. Each message is one JSON
// object (a run: CBOR, because it carries columns of readings); the shapes (message_shape.h) bound
// every length, number and count, are checked before anything is used, and are printed as JSON
// Schema (docs/fleet-protocol.md). Unknown keys are passed over, so that a later version may add
// some; an unknown `protocol` is refused.
//
// parse_...() errors: parse (no JSON, another shape; `what` names the key), newer_schema
// (protocol).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "data/run.h"
#include "data/setting.h"
#include "data/trace.h"
#include "experiment/experiment.h"

namespace isojoule::fleet {

// ---- boards ----

struct CardKnob {
  std::string axis;
  std::vector<Value> values;
};
struct CardEngine {
  std::string name;
  std::map<std::string, std::string> details;  // "version" -> "1.17"
};

// What an agent says of its board when it comes, and again when it changes.
struct BoardCard {
  std::string name;      // in this fleet
  std::string instance;  // of the agent's process, random
  std::string serial;    // of the machine: device tree, else machine-id; "" not known. Tells two
                         // boards of one name apart
  std::string board;     // "jetson-orin-nx", the board file's
  std::string title, release, variant;
  bool simulated = false;
  std::vector<Rail> rails;
  std::string total;
  std::vector<CardKnob> knobs;
  std::vector<CardEngine> engines;
  std::vector<std::string> sensors;
  std::vector<std::string> problems;  // what does not work, one line each
  int protocol = 0;
  std::string version;  // of the program
  bool allow_command = false;
  std::string since;  // ISO 8601 by the board's own clock: a label
};

enum class BoardState : std::uint8_t {
  idle,
  measuring,
  draining,  // measures its last block
  drained,   // takes none, because somebody said so
  out,       // takes none, because it cannot measure well: `why`
};
std::string_view name_of(BoardState state);
std::optional<BoardState> board_state_named(std::string_view name);

// Every kPulsePeriod.
struct Pulse {
  std::string instance;
  BoardState state = BoardState::idle;
  std::string why;    // of `out` and `drained`
  std::string study;  // that it measures; "" none
  std::int64_t block = -1;
  std::int64_t block_runs = 0, block_done = 0;
  std::string network, setting;       // of the present run
  std::int64_t runs = 0, blocks = 0;  // made since the agent began
  std::int64_t unsent = 0;            // runs that wait on its disk for the server
  std::map<std::string, double> temperatures_c;
  std::optional<double> power_w;  // the last total that it read
  double uptime_s = 0;            // of the agent, monotonic
  std::string wall_time;          // the board's own clock: a label
};

// What a person told a board.
struct Order {
  bool drain = false;
  std::string why;
  std::int64_t resume = 0;  // counts up: a board that took itself out tries again
};

// An agent's answer to a study: the lane it takes blocks from, or why it takes none. One that found
// out later that it cannot keeps the lane that it measured in.
struct Join {
  std::int64_t lane = -1;
  std::string refused;
  bool takes_part(std::int64_t lanes) const { return refused.empty() && lane >= 0 && lane < lanes; }
};

// A run during which agents died, so that it is given up after some and not tried for ever.
struct Trouble {
  std::int64_t deaths = 0;
  std::string last_board;
};

// ---- studies ----

// Bytes that travel by their hash (object.h).
struct ObjectName {
  std::string writer;  // who published it: "plan", or a board
  std::string hash;    // SHA-256, 64 hexadecimal digits
  std::int64_t bytes = 0;
  bool operator==(const ObjectName&) const = default;
};

struct StudyRecord {
  int protocol = kProtocolOfStudy;
  std::string study;  // its id
  std::string name;   // the plan's
  std::string board;  // board type that it is for
  bool simulated = false;
  ObjectName plan;  // TOML
  ObjectName card;  // the BoardCard that its blocks were cut for, so that everybody cuts the same
  std::string engine;
  std::map<std::string, ObjectName> networks;  // by the plan's name of it
  std::map<std::string, ObjectName> files;  // that options of the engine name: by path in the plan
  std::vector<std::string> boards;  // names that may take part; empty: every one of the type
  std::string total;                // and rails that its boards must have
  std::vector<std::string> rails;
  std::int64_t lanes = 1;             // = how many boards measure each setting
  std::int64_t blocks = 0, runs = 0;  // of all lanes
  bool needs_command = false;         // its engine runs a program of the plan
  bool open_end = false;              // a search: blocks are added as it asks
  bool closed = false;                // nothing more is to be taken
  std::string version, created;
  static constexpr int kProtocolOfStudy = 1;
};

// One piece of work: runs that one board makes one after the other, its baselines among them.
struct BlockMessage {
  std::string study;
  std::int64_t lane = 0;
  std::int64_t block = 0;
  std::vector<PlannedRun> runs;  // each with its `sequence`, unique in the study
};

// One finished run on its way to the study file.
struct RunMessage {
  std::string study;
  std::string board;  // the agent's name
  std::string instance;
  Run run;
  std::optional<Trace> trace;              // with the message, or
  std::optional<ObjectName> trace_object;  // where it is too large for one
};

// Questions to a board (ask_subject) are {"verb": "probe"}; app/fleet/agent_answers.h has the
// verbs.

std::string to_bytes(const BoardCard& card);
std::string to_bytes(const Pulse& pulse);
std::string to_bytes(const Order& order);
std::string to_bytes(const Join& join);
std::string to_bytes(const Trouble& trouble);
std::string to_bytes(const StudyRecord& study);
std::string to_bytes(const BlockMessage& block);
std::string to_bytes(const RunMessage& run);
Result<BoardCard> parse_card(std::string_view bytes);
Result<Pulse> parse_pulse(std::string_view bytes);
Result<Order> parse_order(std::string_view bytes);
Result<Join> parse_join(std::string_view bytes);
Result<Trouble> parse_trouble(std::string_view bytes);
Result<StudyRecord> parse_study(std::string_view bytes);
Result<BlockMessage> parse_block(std::string_view bytes);
Result<RunMessage> parse_run(std::string_view bytes);
// The same of bytes that this machine wrote and keeps: up to kMostOwnRunBytes, packed and unpacked,
// so that a run whose trace is too large for a message can be taken apart.
Result<RunMessage> parse_own_run(std::string_view bytes);
// What a reader takes.
inline constexpr std::size_t kMostRunBytes = std::size_t{8} << 20;
inline constexpr std::size_t kMostOwnRunBytes = std::size_t{256} << 20;

// A trace as bytes of an object, where it does not fit into its run's message. Error of the
// inverse: damaged.
std::string trace_bytes(const Trace& trace);
Result<Trace> parse_trace(std::string_view bytes);

}  // namespace isojoule::fleet
