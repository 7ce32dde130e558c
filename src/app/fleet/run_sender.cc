#include "app/fleet/run_sender.h"

#include "base/hash.h"
#include "fleet/name.h"
#include "fleet/object.h"

namespace isojoule::agent {
namespace {

// Subject, message id and the protocol's own words count, too.
constexpr std::size_t kEnvelope = 2048;

struct Sending {
  fleet::Bus& bus;
  const std::string& board;
  const OutboxRun& run;

  std::string subject() const {
    return fleet::run_subject(board, run.study, run.block, run.sequence);
  }
  bool fits(const std::string& bytes) const {
    return bytes.size() + kEnvelope <= bus.largest_message() &&
           bytes.size() <= fleet::kMostRunBytes;
  }
  Result<bool> publish_as(const std::string& id, const std::string& bytes) const {
    fleet::PublishOptions options;
    options.message_id = id;
    ISOJOULE_TRY(const fleet::Stored stored, bus.publish(subject(), bytes, options));
    return !stored.duplicate;
  }
  // Of whatever board: a block that changed hands may have brought it.
  Result<bool> is_there() const {
    ISOJOULE_TRY(
        const auto found,
        bus.subjects(fleet::kRuns, fleet::run_subject("*", run.study, run.block, run.sequence)));
    return !found.empty();
  }
  // The server knows an id for as long as the stream's window, also where its message was purged
  // meanwhile: then it would never take the run, and say each time that it has it.
  Status publish(const std::string& bytes) const {
    const std::string id = run_message_id(run.study, run.sequence);
    ISOJOULE_TRY(const bool is_new, publish_as(id, bytes));
    if (is_new) return {};
    ISOJOULE_TRY(const bool is_stored, is_there());
    if (is_stored) return {};
    ISOJOULE_TRY(const bool is_new_now, publish_as(id + "." + content_hash(bytes).substr(0, 12) +
                                                       "." + std::to_string(run.attempts),
                                                   bytes));
    if (is_new_now) return {};
    return fail(ErrorKind::io, "the server says that it has run " + std::to_string(run.sequence) +
                                   " of study " + run.study + ", and does not show it");
  }
};

// The trace goes as an object of this board's; what is left is a message.
Status send_in_parts(const Sending& sending) {
  auto parsed = fleet::parse_own_run(sending.run.bytes);
  // add() has looked at every run of this version: it is of another one, and the run is made again.
  if (!parsed) return fail(ErrorKind::out_of_range, parsed.error().what, parsed.error().remedy);
  fleet::RunMessage message = std::move(*parsed);
  if (message.trace) {
    ISOJOULE_TRY(message.trace_object,
                 fleet::put_object(sending.bus, sending.board, fleet::trace_bytes(*message.trace)));
    message.trace.reset();
  }
  const std::string bytes = to_bytes(message);
  if (sending.fits(bytes) && fleet::parse_run(bytes)) return sending.publish(bytes);
  const std::string why = "the run is too large to be sent: " + std::to_string(bytes.size()) +
                          " bytes without its trace, and the server takes " +
                          std::to_string(sending.bus.largest_message());
  ISOJOULE_CHECK(sending.publish(to_bytes(without_measurement(message, why))));
  return fail(ErrorKind::invalid, why, "Raise max_payload of the server, or make shorter runs");
}

}  // namespace

std::string run_message_id(const std::string& study, std::int64_t sequence) {
  return study + "." + std::to_string(sequence);
}

fleet::RunMessage without_measurement(const fleet::RunMessage& message, const std::string& why) {
  const Run& whole = message.run;
  Run run;
  run.sequence = whole.sequence;
  run.block = whole.block;
  run.repeat = whole.repeat;
  run.on_board = whole.on_board;
  run.network = whole.network;
  run.baseline = whole.baseline;
  run.setting = whole.setting;
  run.wall_time = whole.wall_time;
  run.state = RunState::failed;
  run.failure = why;
  fleet::RunMessage failed;
  failed.study = message.study;
  failed.board = message.board;
  failed.instance = message.instance;
  failed.run = std::move(run);
  return failed;
}

Status send_run(fleet::Bus& bus, const std::string& board, const OutboxRun& run) {
  const Sending sending{bus, board, run};
  if (run.is_leftover) {
    const auto there = bus.subjects(fleet::kRuns, sending.subject());
    if (there && !there->empty()) return {};
  }
  // What a reader would refuse (its frame unpacks to too much) is taken apart as well.
  const bool is_one_message = sending.fits(run.bytes) && fleet::parse_run(run.bytes);
  return is_one_message ? sending.publish(run.bytes) : send_in_parts(sending);
}

}  // namespace isojoule::agent
