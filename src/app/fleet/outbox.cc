#include "app/fleet/outbox.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>

#include "app/fleet/run_sender.h"
#include "base/file_tree.h"
#include "base/hash.h"
#include "base/text_file.h"

namespace isojoule::agent {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRunEnd = ".run";
constexpr const char* kKeptEnd = ".kept";
// Between two attempts at a server that does not answer.
constexpr std::chrono::milliseconds kFirstPause{100}, kLongestPause{2000};

std::optional<std::int64_t> number_in(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string file_name(const OutboxRun& run) {
  return run.study + "." + std::to_string(run.block) + "." + std::to_string(run.sequence) + "." +
         content_hash(run.bytes) + kRunEnd;
}

// STUDY.BLOCK.SEQUENCE.HASH.run: a study's id has no dots.
std::optional<OutboxRun> read_name(std::string_view name, std::string* hash = nullptr) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t dot = std::min(name.find('.', begin), name.size());
    parts.emplace_back(name.substr(begin, dot - begin));
    begin = dot + 1;
  }
  if (parts.size() != 5 || parts[4] != "run" || parts[0].empty()) return std::nullopt;
  const auto block = number_in(parts[1]), sequence = number_in(parts[2]);
  if (!block || !sequence) return std::nullopt;
  if (hash != nullptr) *hash = parts[3];
  return OutboxRun{parts[0], *block, *sequence, {}, true};
}

Status make_folder(const std::string& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (!code) return {};
  Error error = error_from_errno(code.value(), path, "make the folder");
  error.remedy = "Name another one with --folder";
  return tl::unexpected<Error>(std::move(error));
}

// Bytes that a reader takes: without the trace where that is what it would refuse, else as a failed
// run.
std::string readable_bytes(const fleet::RunMessage& message) {
  std::string bytes = to_bytes(message);
  const auto parsed = fleet::parse_own_run(bytes);
  if (parsed) return bytes;
  std::string why = "the run cannot be sent: " + parsed.error().what;
  if (message.trace) {
    fleet::RunMessage bare = message;
    bare.trace.reset();
    bare.run.notes["trace"] = "left out: " + parsed.error().what;
    bytes = to_bytes(bare);
    if (fleet::parse_own_run(bytes)) return bytes;
  }
  return to_bytes(without_measurement(message, why));
}

std::string block_key(const std::string& study, std::int64_t block) {
  return study + "." + std::to_string(block);
}

}  // namespace

Result<std::unique_ptr<Outbox>> Outbox::open(const std::string& folder, SendRun send) {
  ISOJOULE_CHECK(make_folder(folder + "/outbox/refused"));
  std::unique_ptr<Outbox> outbox(new Outbox(folder + "/outbox", std::move(send)));
  outbox->take_back_refused();
  ISOJOULE_CHECK(outbox->find_leftovers());
  outbox->sender_ = std::thread([box = outbox.get()] { box->send_all(); });
  return outbox;
}

Outbox::~Outbox() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (sender_.joinable()) sender_.join();
}

// The server may have been changed since, or this program.
void Outbox::take_back_refused() {
  std::error_code code;
  std::vector<std::string> names;
  for (const auto& item : fs::directory_iterator(folder_ + "/refused", code))
    if (const std::string name = item.path().filename().string(); read_name(name))
      names.push_back(name);
  for (const std::string& name : names) {
    std::error_code ignored;  // it stays where it is, then
    fs::rename(folder_ + "/refused/" + name, folder_ + "/" + name, ignored);
  }
}

// Halves of files (of an agent that died while it wrote) are nobody's; what has no name of ours is
// left alone.
Status Outbox::find_leftovers() {
  std::error_code code;
  for (const auto& item : fs::directory_iterator(folder_, code)) {
    const std::string name = item.path().filename().string();
    if (name.ends_with(".part")) {
      std::error_code ignored;
      fs::remove(item.path(), ignored);
    } else if (const auto run = read_name(name)) {
      waiting_.push_back({name, *run});
    }
  }
  if (code) return tl::unexpected<Error>(error_from_errno(code.value(), folder_, "list"));
  std::sort(waiting_.begin(), waiting_.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.run.study, a.run.sequence) < std::tie(b.run.study, b.run.sequence);
  });
  return {};
}

Status Outbox::add(const fleet::RunMessage& message) {
  OutboxRun run{message.study, message.run.block, message.run.sequence, readable_bytes(message),
                false};
  const std::string name = file_name(run);
  ISOJOULE_CHECK(write_text_file(folder_ + "/" + name, run.bytes));
  run.bytes.clear();
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({name, std::move(run)});
  }
  changed_.notify_all();
  return {};
}

bool Outbox::holds(const std::string& study, std::int64_t sequence) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const Entry& entry) {
    return entry.run.study == study && entry.run.sequence == sequence;
  });
}

bool Outbox::wait_sent(const std::string& study, Duration limit) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::nanoseconds(limit.ns), [&] {
    return std::none_of(waiting_.begin(), waiting_.end(),
                        [&](const Entry& entry) { return entry.run.study == study; });
  });
}

OutboxState Outbox::state() const {
  const std::lock_guard lock(mutex_);
  return {static_cast<std::int64_t>(waiting_.size()), refused_, trouble_};
}

bool Outbox::has_refused(const std::string& study, std::int64_t block) const {
  const std::lock_guard lock(mutex_);
  return refused_blocks_.contains(block_key(study, block));
}

void Outbox::send_all() {
  auto pause = kFirstPause;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (waiting_.empty()) {
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      continue;
    }
    Entry entry = waiting_.front();
    lock.unlock();
    const bool is_gone = send_one(entry);
    lock.lock();
    if (is_gone) {
      waiting_.pop_front();
      changed_.notify_all();
      pause = kFirstPause;
      continue;
    }
    // The others get their turn: a run that this server never answers to must not hold them up.
    entry.run.is_leftover = true;
    ++entry.run.attempts;
    waiting_.pop_front();
    waiting_.push_back(std::move(entry));
    changed_.wait_for(lock, pause, [this] { return stopping_; });
    pause = std::min(2 * pause, kLongestPause);
  }
}

bool Outbox::send_one(Entry& entry) {
  const std::string path = folder_ + "/" + entry.file;
  auto bytes = read_text_file(path);
  if (!bytes && bytes.error().kind != ErrorKind::not_found) {
    note_denied(entry, bytes.error());
    return false;
  }
  if (!bytes) {
    refuse(entry, to_string(bytes.error()));
    return true;
  }
  std::string hash;
  if (!read_name(entry.file, &hash) || content_hash(*bytes) != hash) {
    refuse(entry, entry.file + ": the file is damaged (its bytes are not those of its name)");
    return true;
  }
  entry.run.bytes = std::move(*bytes);
  const Status sent = send_(entry.run);
  entry.run.bytes.clear();
  if (!sent && sent.error().kind == ErrorKind::invalid) {
    refuse(entry, to_string(sent.error()), kKeptEnd);
    return true;
  }
  if (!sent && sent.error().kind == ErrorKind::out_of_range) {
    refuse(entry, to_string(sent.error()));
    return true;
  }
  if (!sent) {
    if (sent.error().kind == ErrorKind::permission_denied) note_denied(entry, sent.error());
    return false;
  }
  std::error_code ignored;  // a file that stays is sent again, and known by its message id
  fs::remove(path, ignored);
  const std::lock_guard lock(mutex_);
  if (is_denied_) trouble_.clear();
  is_denied_ = false;
  return true;
}

void Outbox::refuse(const Entry& entry, const std::string& why, const char* ending) {
  std::error_code ignored;  // where it cannot be moved the next agent meets it again
  fs::rename(folder_ + "/" + entry.file, folder_ + "/refused/" + entry.file + ending, ignored);
  const std::lock_guard lock(mutex_);
  ++refused_;
  ++refused_blocks_[block_key(entry.run.study, entry.run.block)];
  is_denied_ = false;
  trouble_ = "run " + std::to_string(entry.run.sequence) + " of study " + entry.run.study +
             " is kept in " + folder_ + "/refused: " + why;
}

// It is tried again: rights may be given back, with other credentials or by the server's owner.
void Outbox::note_denied(const Entry& entry, const Error& error) {
  const std::lock_guard lock(mutex_);
  is_denied_ = true;
  trouble_ = "runs of study " + entry.run.study + " wait in " + folder_ + ": " + to_string(error);
}

}  // namespace isojoule::agent
