// Messages of a JetStream consumer, asked for by requests of our own on its subject
// ($JS.API.CONSUMER.MSG.NEXT, https://docs.nats.io/reference/reference-protocols/nats_api_reference
// and ADR-13 of nats-architecture-and-design).
//
// Not natsSubscription_Fetch(): in libnats 3.4.1 all its requests share one inbox, so that a late
// end of one request ends the next, and it gives up by its own clock a moment before the server
// does: a message handed out in between is claimed by nobody until the claim runs out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "fleet/nats/link.h"

namespace isojoule::fleet {

// Where a message stands, from its reply subject ($JS.ACK...).
struct PulledPlace {
  std::int64_t deliveries = 0;
  std::uint64_t stream_sequence = 0, consumer_sequence = 0;
  std::int64_t stored_ns = 0;
  std::uint64_t pending = 0;  // behind it
};
std::optional<PulledPlace> pulled_place(const char* reply);

struct PullAsk {
  int batch = 1;
  Duration expires{};    // 0: what is there now
  Duration heartbeat{};  // the server says so often that it is there; 0: it does not
  std::int64_t most_bytes = 0;
};
std::string pull_subject(const std::string& stream, const std::string& consumer);
std::string pull_bytes(const PullAsk& ask);

// Of an answer that is no message: 404, 408 (nothing came), 409 (with words), 100 (heartbeat), 503.
struct PullStatus {
  int number = 0;
  std::string words;
};
std::optional<PullStatus> pull_status(natsMsg* message);

// The consumer's state; none: not_found, or what the server said.
Result<NatsConsumerInfo> consumer_info(const Link& link, const std::string& stream,
                                       const std::string& consumer);
// Whether it is there. Not by its state, which nats-server 2.9 counts anew for each who asks: all
// the messages that wait. Errors: not_found.
Status check_consumer(const Link& link, const std::string& stream, const std::string& consumer);
// Asked once, without patience: true where the server says that there is no such consumer.
bool consumer_is_gone(const Link& link, const std::string& stream, const std::string& consumer,
                      Duration limit);
BusMessage bus_message(natsMsg* message, const PulledPlace& place);

}  // namespace isojoule::fleet
