#include "fleet/nats/pull.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "fleet/name.h"

namespace isojoule::fleet {

namespace {

template <typename Number>
bool number_in(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::optional<PulledPlace> pulled_place(const char* reply) {
  if (reply == nullptr) return std::nullopt;
  const auto tokens = subject_tokens(reply);
  // $JS.ACK.STREAM.CONSUMER.DELIVERIES.STREAM_SEQ.CONSUMER_SEQ.TIME.PENDING, or with a domain and
  // the account's hash before STREAM.
  if (tokens.size() < 9 || tokens[0] != "$JS" || tokens[1] != "ACK") return std::nullopt;
  const std::size_t at = tokens.size() == 9 ? 4 : 6;
  if (tokens.size() < at + 5) return std::nullopt;
  PulledPlace place;
  if (!number_in(tokens[at], place.deliveries) ||
      !number_in(tokens[at + 1], place.stream_sequence) ||
      !number_in(tokens[at + 2], place.consumer_sequence) ||
      !number_in(tokens[at + 3], place.stored_ns) || !number_in(tokens[at + 4], place.pending))
    return std::nullopt;
  return place;
}

std::string pull_subject(const std::string& stream, const std::string& consumer) {
  return "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer;
}

std::string pull_bytes(const PullAsk& ask) {
  nlohmann::json json = {{"batch", ask.batch}};
  if (ask.expires.ns > 0)
    json["expires"] = ask.expires.ns;
  else
    json["no_wait"] = true;
  if (ask.heartbeat.ns > 0) json["idle_heartbeat"] = ask.heartbeat.ns;
  if (ask.most_bytes > 0) json["max_bytes"] = ask.most_bytes;
  return json.dump();
}

std::optional<PullStatus> pull_status(natsMsg* message) {
  const char* number = nullptr;
  if (natsMsg_GetDataLength(message) > 0 ||
      natsMsgHeader_Get(message, "Status", &number) != NATS_OK || number == nullptr)
    return std::nullopt;
  PullStatus status;
  if (!number_in(std::string_view(number).substr(0, 3), status.number)) return std::nullopt;
  const char* words = nullptr;
  if (natsMsgHeader_Get(message, "Description", &words) == NATS_OK && words != nullptr)
    status.words = words;
  return status;
}

Result<NatsConsumerInfo> consumer_info(const Link& link, const std::string& stream,
                                       const std::string& consumer) {
  NatsConsumerInfo info;
  const auto failure =
      link.request(stream + "." + consumer, [&](std::int64_t wait_ms, jsErrCode* code) {
        jsOptions options;
        jsOptions_Init(&options);
        options.Wait = wait_ms;
        jsConsumerInfo* found = nullptr;
        const natsStatus status = js_GetConsumerInfo(&found, link.context(), stream.c_str(),
                                                     consumer.c_str(), &options, code);
        info.reset(found);
        return status;
      });
  if (failure)
    return failed("cannot look up the queue '" + consumer + "' of '" + stream + "'", *failure);
  return info;
}

namespace {

// natsStatus of one try; `there` where it is NATS_OK.
natsStatus ask_for_consumer(const Link& link, const std::string& stream,
                            const std::string& consumer, std::int64_t wait_ms, jsErrCode* code,
                            bool& there) {
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = wait_ms;
  jsConsumerNamesList* found = nullptr;
  const natsStatus status =
      js_ConsumerNames(&found, link.context(), stream.c_str(), &options, code);
  const NatsConsumerNames names(found);
  there = false;
  for (int i = 0; status == NATS_OK && i < found->Count; ++i)
    there = there || consumer == found->List[i];
  // Of a stream without any.
  return status == NATS_NOT_FOUND && *code == jsErrCode{} ? NATS_OK : status;
}

}  // namespace

Status check_consumer(const Link& link, const std::string& stream, const std::string& consumer) {
  bool there = false;
  const auto failure =
      link.request("CONSUMER.NAMES." + stream, [&](std::int64_t wait_ms, jsErrCode* code) {
        return ask_for_consumer(link, stream, consumer, wait_ms, code, there);
      });
  const std::string what = "cannot look up the queue '" + consumer + "' of '" + stream + "'";
  if (failure) return failed(what, *failure);
  if (!there) return failed(what, {NATS_NOT_FOUND, JSConsumerNotFoundErr, "it is not there"});
  return {};
}

bool consumer_is_gone(const Link& link, const std::string& stream, const std::string& consumer,
                      Duration limit) {
  jsErrCode code{};
  bool there = false;
  const natsStatus status = ask_for_consumer(
      link, stream, consumer, std::max<std::int64_t>(whole_ms(limit), 1), &code, there);
  return (status == NATS_OK && !there) || code == JSStreamNotFoundErr;
}

BusMessage bus_message(natsMsg* message, const PulledPlace& place) {
  BusMessage made;
  made.subject = natsMsg_GetSubject(message);
  made.bytes.assign(natsMsg_GetData(message) == nullptr ? "" : natsMsg_GetData(message),
                    static_cast<std::size_t>(natsMsg_GetDataLength(message)));
  made.sequence = place.stream_sequence;
  made.stored_ns = place.stored_ns;
  return made;
}

}  // namespace isojoule::fleet
