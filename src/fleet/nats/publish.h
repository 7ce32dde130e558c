// One message into a stream, and the last one of a subject out of it.
#pragma once

#include <string>

#include "fleet/nats/link.h"

namespace isojoule::fleet {

struct RawPublish {
  std::string subject;
  std::string_view bytes;
  PublishOptions options;
  std::string operation;  // the header KV-Operation; "" none
};
// Tried again with the same message id; meets of its own earlier attempts nothing but itself.
Result<Stored> publish_message(const Link& link, const RawPublish& publish);

struct LastMessage {
  BusMessage message;
  std::string operation;   // KV-Operation
  std::string message_id;  // Nats-Msg-Id
};
// Errors: not_found (the stream has no such message, or there is no such stream).
Result<LastMessage> last_message(const Link& link, const std::string& stream,
                                 const std::string& subject);

}  // namespace isojoule::fleet
