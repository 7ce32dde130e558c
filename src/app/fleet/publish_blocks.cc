#include "app/fleet/publish_blocks.h"

#include <algorithm>
#include <charconv>
#include <mutex>
#include <optional>
#include <thread>

namespace isojoule {
namespace {

// Each publish waits for the server's word; so many wait at the same time.
constexpr std::size_t kPublishers = 8;
constexpr std::size_t kBlocksOfAPublisher = 32;  // fewer are not worth a thread

std::string block_id(const fleet::BlockMessage& block) {
  return block.study + '.' + std::to_string(block.lane) + '.' + std::to_string(block.block);
}

// True: published; false: it is in the queue already.
Result<bool> publish_block(fleet::Bus& bus, const fleet::BlockMessage& block, bool again) {
  fleet::PublishOptions options;
  if (!again) options.message_id = block_id(block);
  options.expected_last = 0;
  const std::string subject = fleet::block_subject(block.study, block.lane, block.block);
  const std::string bytes = to_bytes(block);
  auto stored = bus.publish(subject, bytes, options);
  if (stored && stored->duplicate) {
    // The server remembers the id for longer than a study that was removed and begun again.
    options.message_id.clear();
    stored = bus.publish(subject, bytes, options);
  }
  if (stored) return true;
  if (stored.error().kind == ErrorKind::exists) return false;
  return tl::unexpected<Error>(stored.error());
}

// What the threads of one publication share.
class Publication {
 public:
  Publication(fleet::Bus& bus, const std::vector<const fleet::BlockMessage*>& blocks,
              const std::atomic<bool>& interrupted, bool again)
      : bus_(bus), blocks_(blocks), interrupted_(interrupted), again_(again) {}

  Result<PublishTally> run() {
    const std::size_t wanted = std::min(kPublishers, blocks_.size() / kBlocksOfAPublisher + 1);
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < wanted; ++i) others.emplace_back([this] { publish_some(); });
    publish_some();
    others.clear();
    if (error_) return tl::unexpected<Error>(*error_);
    if (next_ < blocks_.size())
      return fail(ErrorKind::interrupted, "interrupted while blocks were being published",
                  "The same command goes on from here");
    return PublishTally{published_, there_};
  }

 private:
  void publish_some() {
    while (!stop_ && !interrupted_) {
      const std::size_t place = next_++;
      if (place >= blocks_.size()) return;
      const auto published = publish_block(bus_, *blocks_[place], again_);
      if (published) {
        ++(*published ? published_ : there_);
        continue;
      }
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = published.error();
      stop_ = true;
    }
  }

  fleet::Bus& bus_;
  const std::vector<const fleet::BlockMessage*>& blocks_;
  const std::atomic<bool>& interrupted_;
  const bool again_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::int64_t> published_{0}, there_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::optional<Error> error_;  // under mutex_ while threads run
};

}  // namespace

Result<StoredStudy> create_study(fleet::Bus& bus, const fleet::StudyRecord& record) {
  StoredStudy result{record, 0, true};
  result.record.closed = true;
  const auto revision = bus.create(fleet::kStudies, record.study, to_bytes(result.record));
  if (revision) {
    result.revision = *revision;
    return result;
  }
  if (revision.error().kind != ErrorKind::exists) return tl::unexpected<Error>(revision.error());
  return get_study(bus, record.study);
}

Result<StoredStudy> get_study(fleet::Bus& bus, const std::string& study) {
  ISOJOULE_TRY(const fleet::KeyValue entry, bus.get(fleet::kStudies, study));
  StoredStudy result;
  ISOJOULE_TRY(result.record, fleet::parse_study(entry.value));
  if (result.record.study != study)
    return fail(
        ErrorKind::damaged,
        "the record of study " + study + " on the server is of study " + result.record.study,
        "Remove it: isojoule fleet remove " + study);
  result.revision = entry.revision;
  return result;
}

Status make_lanes(fleet::Bus& bus, const fleet::StudyRecord& record, Duration claim) {
  for (std::int64_t lane = 0; lane < record.lanes; ++lane)
    ISOJOULE_CHECK(bus.make_queue(fleet::kBlocks, fleet::lane_queue(record.study, lane),
                                  fleet::lane_filter(record.study, lane), claim));
  return {};
}

Result<PublishTally> publish_blocks(fleet::Bus& bus,
                                    const std::vector<const fleet::BlockMessage*>& blocks,
                                    const std::atomic<bool>& interrupted, bool again) {
  return Publication(bus, blocks, interrupted, again).run();
}

Result<std::set<std::int64_t>> blocks_in_queues(fleet::Bus& bus, const std::string& study) {
  ISOJOULE_TRY(const auto subjects,
               bus.subjects(fleet::kBlocks, fleet::study_blocks_filter(study)));
  std::set<std::int64_t> result;
  for (const auto& [subject, count] : subjects) {
    const std::size_t dot = subject.rfind('.');
    const char* end = subject.data() + subject.size();
    std::int64_t block = -1;
    if (dot == std::string::npos || count == 0) continue;
    const auto read = std::from_chars(subject.data() + dot + 1, end, block);
    if (read.ec == std::errc() && read.ptr == end) result.insert(block);
  }
  return result;
}

Status open_study(fleet::Bus& bus, const std::string& study) {
  ISOJOULE_TRY(const StoredStudy opened,
               change_study(bus, study, [](fleet::StudyRecord& record) { record.closed = false; }));
  (void)opened;
  return {};
}

Status close_study(fleet::Bus& bus, const fleet::StudyRecord& record) {
  // First the record: a board that asks for a block must not meet a study without queues.
  ISOJOULE_TRY(
      const StoredStudy closed,
      change_study(bus, record.study, [](fleet::StudyRecord& stored) { stored.closed = true; }));
  for (std::int64_t lane = 0; lane < closed.record.lanes; ++lane) {
    const Status removed = bus.remove_queue(fleet::kBlocks, fleet::lane_queue(record.study, lane));
    if (!removed && removed.error().kind != ErrorKind::not_found) return removed;
  }
  return bus.purge(fleet::kBlocks, fleet::study_blocks_filter(record.study));
}

}  // namespace isojoule
