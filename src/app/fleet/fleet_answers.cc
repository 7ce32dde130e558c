// Questions to boards, and their answers as lines for people.
#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "app/fleet/fleet_orders.h"
#include "app/monitor/terminal_text.h"
#include "fleet/name.h"

namespace isojoule {
namespace {

using nlohmann::json;

constexpr std::size_t kLargestAnswer = 1 << 20;  // bytes
constexpr int kDeepest = 12;
constexpr std::size_t kMostLines = 2000;
constexpr std::size_t kLongestWord = 2000;
// Whoever does not answer holds one of them until the limit.
constexpr std::size_t kAtOnce = 64;

int depth_of_json(const json& value, int limit) {
  if (!value.is_structured() || limit == 0) return 0;
  int deepest = 0;
  for (const json& one : value) deepest = std::max(deepest, depth_of_json(one, limit - 1));
  return deepest + 1;
}

// A number, a word: on one line.
std::string scalar_text(const json& value, bool utf8) {
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.size() > kLongestWord) text = text.substr(0, kLongestWord) + "...";
  return harmless(text, utf8);
}

bool is_flat(const json& value) {
  return std::none_of(value.begin(), value.end(),
                      [](const json& one) { return one.is_structured(); });
}

class AnswerText {
 public:
  explicit AnswerText(bool utf8) : utf8_(utf8) {}

  void add(const std::string& name, const json& value, std::size_t indent) {
    const std::string head = name.empty() ? "-" : name + ":";
    if (!value.is_structured()) return line(indent, head + " " + scalar_text(value, utf8_));
    if (value.empty()) return line(indent, head + " none");
    if (is_flat(value) && (value.is_array() || name.empty()))
      return line(indent, head + " " + in_one_line(value));
    line(indent, head);
    if (value.is_array()) {
      for (const json& one : value) add("", one, indent + 2);
      return;
    }
    for (const auto& [key, one] : value.items()) add(harmless(key, utf8_), one, indent + 2);
  }
  std::string text() const {
    return lines_ <= kMostLines ? text_ : text_ + "  ... and more: --json has all of it\n";
  }

 private:
  void line(std::size_t indent, const std::string& words) {
    if (++lines_ <= kMostLines) text_ += std::string(indent, ' ') + words + "\n";
  }
  std::string in_one_line(const json& value) const {
    std::string words;
    if (value.is_array()) {
      for (const json& one : value) words += (words.empty() ? "" : ", ") + scalar_text(one, utf8_);
      return words;
    }
    for (const auto& [key, one] : value.items())
      words += (words.empty() ? "" : ", ") + harmless(key, utf8_) + " " + scalar_text(one, utf8_);
    return words;
  }

  bool utf8_;
  std::string text_;
  std::size_t lines_ = 0;
};

}  // namespace

BoardAnswer checked_answer(const std::string& board, const Result<std::string>& answer) {
  BoardAnswer result{board, "", ""};
  if (!answer) {
    const bool is_deaf = answer.error().kind == ErrorKind::not_found;
    result.problem = is_deaf ? "nobody answers: its agent does not run" : answer.error().what;
    return result;
  }
  if (answer->size() > kLargestAnswer) {
    result.problem = "its answer is too long: " + std::to_string(answer->size()) + " bytes";
    return result;
  }
  const json read = json::parse(*answer, nullptr, false);
  if (!read.is_object()) {
    result.problem = "its answer is no JSON object";
  } else if (depth_of_json(read, kDeepest + 1) > kDeepest) {
    result.problem = "its answer is nested too deeply";
  } else if (const auto error = read.find("error"); error != read.end()) {
    // See agent_answers.h.
    const json what = error->is_object() ? error->value("what", json()) : *error;
    result.problem = what.is_string() ? what.get<std::string>() : error->dump();
  } else {
    result.json = read.dump();
  }
  return result;
}

std::string answer_text(const BoardAnswer& answer, bool utf8) {
  if (answer.json.empty()) return "  " + harmless(answer.problem, utf8) + "\n";
  AnswerText text(utf8);
  const json read = json::parse(answer.json);  // must outlive its items
  for (const auto& [key, value] : read.items()) text.add(harmless(key, utf8), value, 2);
  return text.text();
}

std::vector<BoardAnswer> ask_boards(fleet::Bus& bus, const std::vector<std::string>& boards,
                                    const std::string& verb, Duration limit) {
  const std::string question = json{{"verb", verb}}.dump();
  std::vector<BoardAnswer> answers(boards.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < boards.size(); i = next++)
      answers[i] =
          checked_answer(boards[i], bus.ask(fleet::ask_subject(boards[i]), question, limit));
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(boards.size(), kAtOnce); ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return answers;
}

}  // namespace isojoule
