#include "app/fleet/agent_answers.h"

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>

#include "fleet/name.h"

namespace isojoule::agent {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestQuestion = 4096;
// A probe asks every engine's worker what it is.
constexpr std::chrono::seconds kPatience{20};

}  // namespace

struct AgentAnswers::Desk {
  std::function<fleet::Pulse()> pulse;
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex. The handler is called for one question at a time.
  bool is_open = true, is_asked = false;
  std::optional<std::string> answer;
};

Result<std::string> verb_of(std::string_view question) {
  const json root = question.size() > kLongestQuestion
                        ? json()
                        : json::parse(question, nullptr, /*allow_exceptions=*/false);
  const auto verb = root.is_object() ? root.find("verb") : root.end();
  if (!root.is_object() || verb == root.end() || !verb->is_string())
    return fail(ErrorKind::parse, "a question is one JSON object with a key \"verb\"",
                std::string("Verbs: ") + kVerbs);
  const auto word = verb->get<std::string>();
  if (word != "probe" && word != "health")
    return fail(ErrorKind::invalid, "an agent answers no '" + word.substr(0, 40) + "'",
                std::string("Verbs: ") + kVerbs);
  return word;
}

std::string error_answer(const Error& error) {
  const json root = {{"error",
                      {{"kind", name_of(error.kind)},
                       {"what", error.what},
                       {"tried", error.tried},
                       {"remedy", error.remedy}}}};
  return root.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<std::unique_ptr<AgentAnswers>> AgentAnswers::listen(fleet::Bus& bus, const std::string& name,
                                                           std::function<fleet::Pulse()> pulse) {
  auto desk = std::make_shared<Desk>();
  desk->pulse = std::move(pulse);
  ISOJOULE_CHECK(bus.answer(fleet::ask_subject(name),
                            [desk](std::string_view question) { return answer(*desk, question); }));
  return std::unique_ptr<AgentAnswers>(new AgentAnswers(std::move(desk)));
}

AgentAnswers::~AgentAnswers() {
  {
    const std::lock_guard lock(desk_->mutex);
    desk_->is_open = false;
  }
  desk_->changed.notify_all();
}

std::string AgentAnswers::answer(Desk& desk, std::string_view question) {
  const auto verb = verb_of(question);
  if (!verb) return error_answer(verb.error());
  std::unique_lock lock(desk.mutex);
  if (!desk.is_open) return error_answer({ErrorKind::interrupted, "the agent is ending", "", ""});
  const fleet::Pulse pulse = desk.pulse();
  if (*verb == "health") return to_bytes(pulse);
  if (pulse.state == fleet::BoardState::measuring || pulse.state == fleet::BoardState::draining)
    return error_answer({ErrorKind::busy, "the board is measuring", "", "Ask again later"});
  desk.answer.reset();
  desk.is_asked = true;
  desk.changed.wait_for(lock, kPatience, [&desk] { return desk.answer || !desk.is_open; });
  desk.is_asked = false;
  if (desk.answer) return *desk.answer;
  return error_answer(
      {ErrorKind::timeout, "the board did not come to an answer in time", "", "Ask again later"});
}

void AgentAnswers::serve(const Probe& probe) {
  {
    const std::lock_guard lock(desk_->mutex);
    if (!desk_->is_asked || desk_->answer) return;
  }
  std::string text = probe();
  {
    const std::lock_guard lock(desk_->mutex);
    desk_->answer = std::move(text);
  }
  desk_->changed.notify_all();
}

}  // namespace isojoule::agent
