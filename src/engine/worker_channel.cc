#include "engine/worker_channel.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace isojoule {
namespace {

constexpr Duration kSendPeriod = Duration::milliseconds(2000);
constexpr int kExitCoreGone = 3;

}  // namespace

Instant worker_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return {now.tv_sec * 1'000'000'000LL + now.tv_nsec};
}

Result<Job> WorkerChannel::receive_job() {
  LineBuffer lines;
  char buffer[4096];
  while (true) {
    const ssize_t count = recv(descriptor_, buffer, sizeof(buffer), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0)
      return fail(ErrorKind::io, "no job on descriptor " + std::to_string(descriptor_),
                  "This program is started by isojoule: isojoule measure --engine NAME.");
    ISOJOULE_CHECK(lines.append(std::string_view(buffer, static_cast<std::size_t>(count))));
    if (const std::optional<std::string> line = lines.next()) return decode_job(*line);
  }
}

void WorkerChannel::send(const std::string& line) {
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t count = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (count > 0)
      rest.remove_prefix(static_cast<std::size_t>(count));
    else if (errno != EINTR)
      _exit(kExitCoreGone);
  }
  sent_ = worker_now();
}

void WorkerChannel::send_event(EventKind kind, PhaseKind phase, Instant at) {
  Event event;
  event.kind = kind;
  event.phase = phase;
  event.begin = event.end = at;
  send(encode_event(event));
}

void WorkerChannel::note(const std::string& key, const std::string& value) {
  Event event;
  event.key = key;
  event.value = value;
  send(encode_event(event));
}

void WorkerChannel::phase_begin(PhaseKind phase) {
  send_event(EventKind::phase_begin, phase, worker_now());
}

void WorkerChannel::phase_begin_at(PhaseKind phase, Instant begin) {
  send_event(EventKind::phase_begin, phase, begin);
}

void WorkerChannel::layers(const std::vector<LayerTime>& layers) {
  Event event;
  event.kind = EventKind::layers;
  event.layers = layers;
  tell(event);
}

void WorkerChannel::phase_end(PhaseKind phase) {
  const Instant at = worker_now();
  send_marks();
  send_event(EventKind::phase_end, phase, at);
}

void WorkerChannel::expect_marks(std::size_t capacity) {
  marks_.reserve(std::min(capacity, kWorkerMarksPerLine));
}

void WorkerChannel::mark(Instant begin, Instant end) {
  marks_.push_back({begin, end});
  if (marks_.size() == kWorkerMarksPerLine || end - sent_ >= kSendPeriod) send_marks();
}

void WorkerChannel::stay_in_touch() {
  if (worker_now() - sent_ >= kSendPeriod) tell_batches({});
}

void WorkerChannel::send_marks() {
  if (!marks_.empty()) send(encode_batches(marks_));
  marks_.clear();
}

void WorkerChannel::tell(const Event& event) {
  if (event.kind != EventKind::layers) return send(encode_event(event));
  Event part = event;
  for (std::size_t at = 0; at < event.layers.size(); at += kWorkerLayersPerLine) {
    const auto begin = event.layers.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(kWorkerLayersPerLine, event.layers.size() - at);
    part.layers.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    send(encode_event(part));
  }
}

void WorkerChannel::tell_batches(std::span<const BatchMark> marks) {
  if (marks.empty()) send(encode_batches({}));
  while (!marks.empty()) {
    const std::size_t count = std::min(marks.size(), kWorkerMarksPerLine);
    send(encode_batches(marks.first(count)));
    marks = marks.subspan(count);
  }
}

void WorkerChannel::finished() { send_event(EventKind::finished, PhaseKind::idle, {}); }

void WorkerChannel::failed(const Error& error) {
  Event event;
  event.kind = EventKind::failed;
  event.error = error;
  send(encode_event(event));
}

}  // namespace isojoule
