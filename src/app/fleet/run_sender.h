// How a finished run gets into the server's stream: with its message id, with its trace beside it
// where both together are too large for one message.
#pragma once

#include "app/fleet/outbox.h"
#include "fleet/bus.h"

namespace isojoule::agent {

// STUDY.SEQUENCE: one message of it is stored within the stream's window.
std::string run_message_id(const std::string& study, std::int64_t sequence);

// The run as a failed one: what it was to be, without anything that was measured.
fleet::RunMessage without_measurement(const fleet::RunMessage& message, const std::string& why);

// Publishes under the board's subject. A run that may be there already is looked for first. One
// that is too large even without its trace is published as a failed run that says so, and is then
// an error of kind invalid: the whole of it stays with the outbox. Errors: see SendRun.
Status send_run(fleet::Bus& bus, const std::string& board, const OutboxRun& run);

}  // namespace isojoule::agent
