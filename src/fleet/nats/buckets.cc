// A bucket is a stream KV_<bucket> with one message a subject $KV.<bucket>.<key>, whose sequence is
// the revision (ADR-8 of nats-architecture-and-design). Written as messages and not by kvStore_Put,
// so that an attempt whose answer was lost is told by its message id from somebody else's.
#include <algorithm>

#include "fleet/nats/follow.h"
#include "fleet/nats/nats_bus.h"
#include "fleet/nats/publish.h"

namespace isojoule::fleet {

namespace {

// Entries may go while they are listed: after so long without one the server is asked.
constexpr Duration kListSlice = Duration::milliseconds(300);

std::string stream_of(const std::string& bucket) { return "KV_" + bucket; }
std::string subject_of(const std::string& bucket, const std::string& key) {
  return "$KV." + bucket + "." + key;
}

Status check_key(const std::string& key) {
  const auto allowed = [](char letter) {
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9') ||
           std::string_view("-_/=.").find(letter) != std::string_view::npos;
  };
  if (!key.empty() && std::all_of(key.begin(), key.end(), allowed) && key.front() != '.' &&
      key.back() != '.' && key.find("..") == std::string::npos)
    return {};
  return fail(ErrorKind::invalid, "'" + key + "' is no key of a bucket",
              "Letters, digits, - _ / = and single dots between them");
}

KeyValue kv_entry(const std::string& bucket, BusMessage message, const std::string& operation) {
  KeyValue entry;
  entry.key =
      message.subject.substr(std::min(subject_of(bucket, {}).size(), message.subject.size()));
  entry.removed = operation == "DEL" || operation == "PURGE";
  if (!entry.removed) entry.value = std::move(message.bytes);
  entry.revision = message.sequence;
  entry.created_ns = message.stored_ns;
  return entry;
}

Result<std::uint64_t> write(const Link& link, const std::string& bucket, const std::string& key,
                            std::string_view value, std::optional<std::uint64_t> expected,
                            const std::string& operation = {}) {
  ISOJOULE_CHECK(check_key(key));
  const auto stored =
      publish_message(link, {.subject = subject_of(bucket, key),
                             .bytes = value,
                             .options = {.message_id = {}, .expected_last = expected},
                             .operation = operation});
  if (stored) return stored->sequence;
  if (stored.error().kind == ErrorKind::exists)
    return fail(ErrorKind::exists, "'" + key + "' of '" + bucket + "' was written by somebody else",
                {}, stored.error().what);
  return tl::unexpected(stored.error());
}

class BucketWatch final : public Watch {
 public:
  BucketWatch(const Link& link, std::string bucket, const std::string& pattern)
      : bucket_(std::move(bucket)),
        follower_(link, {.stream = stream_of(bucket_),
                         .filter = subject_of(bucket_, pattern),
                         .last_of_each = true}) {}
  Status begin() { return follower_.begin(); }
  std::uint64_t waiting() const { return follower_.waiting(); }
  bool is_at_end() const { return follower_.is_at_end(); }
  // The next entry, and how many come after it.
  Result<std::optional<std::pair<KeyValue, std::uint64_t>>> next_of(Duration limit) {
    ISOJOULE_TRY(auto followed, follower_.next(limit));
    if (!followed) return std::optional<std::pair<KeyValue, std::uint64_t>>();
    return std::optional(std::pair(
        kv_entry(bucket_, std::move(followed->message), followed->operation), followed->pending));
  }

 private:
  Result<std::optional<KeyValue>> do_next(Duration limit) override {
    ISOJOULE_TRY(auto next, next_of(limit));
    if (!next) return std::optional<KeyValue>();
    return std::optional<KeyValue>(std::move(next->first));
  }

  std::string bucket_;
  Follower follower_;
};

}  // namespace

Result<KeyValue> NatsBus::do_get(const std::string& bucket, const std::string& key) {
  ISOJOULE_CHECK(check_key(key));
  ISOJOULE_TRY(LastMessage last, last_message(*link_, stream_of(bucket), subject_of(bucket, key)));
  KeyValue entry = kv_entry(bucket, std::move(last.message), last.operation);
  if (entry.removed)
    return fail(ErrorKind::not_found, "'" + bucket + "' has no '" + key + "': it was removed");
  return entry;
}

Result<std::uint64_t> NatsBus::do_create(const std::string& bucket, const std::string& key,
                                         std::string_view value) {
  auto created = write(*link_, bucket, key, value, 0);
  if (created || created.error().kind != ErrorKind::exists) return created;
  const auto last = last_message(*link_, stream_of(bucket), subject_of(bucket, key));
  const bool removed = last && (last->operation == "DEL" || last->operation == "PURGE");
  return removed ? write(*link_, bucket, key, value, last->message.sequence) : created;
}

Result<std::uint64_t> NatsBus::do_put(const std::string& bucket, const std::string& key,
                                      std::string_view value) {
  return write(*link_, bucket, key, value, std::nullopt);
}

Result<std::uint64_t> NatsBus::do_update(const std::string& bucket, const std::string& key,
                                         std::string_view value, std::uint64_t revision) {
  return write(*link_, bucket, key, value, revision);
}

Status NatsBus::do_remove(const std::string& bucket, const std::string& key) {
  ISOJOULE_CHECK(write(*link_, bucket, key, {}, std::nullopt, "DEL"));
  return {};
}

Result<std::vector<KeyValue>> NatsBus::do_list(const std::string& bucket) {
  BucketWatch watch(*link_, bucket, ">");
  ISOJOULE_CHECK(watch.begin());
  std::map<std::string, KeyValue> entries;
  std::uint64_t pending = watch.waiting();
  const Instant deadline = link_->now() + link_->patience();
  while (pending > 0) {
    ISOJOULE_TRY(auto next, watch.next_of(std::min(kListSlice, deadline - link_->now())));
    if (!next && watch.is_at_end()) break;
    if (!next && link_->now() < deadline) continue;
    if (!next)
      return fail(ErrorKind::timeout, "'" + bucket + "' could not be read to its end",
                  "The servers may be changing: try again");
    pending = next->second;
    entries[next->first.key] = std::move(next->first);
  }
  std::vector<KeyValue> listed;
  for (auto& [key, entry] : entries)
    if (!entry.removed) listed.push_back(std::move(entry));
  return listed;
}

Result<std::unique_ptr<Watch>> NatsBus::do_watch(const std::string& bucket,
                                                 const std::string& pattern) {
  auto watch = std::make_unique<BucketWatch>(*link_, bucket, pattern);
  ISOJOULE_CHECK(watch->begin());
  return watch;
}

}  // namespace isojoule::fleet
