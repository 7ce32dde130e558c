// The words of the session's socket.
#include <bit>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/session/serve_session.h"
#include "isojoule/isojoule.h"

namespace isojoule {
namespace {

constexpr std::string_view kAsk = "{\"type\":\"ask\"";

tl::unexpected<Error> no_question(const std::string& why) {
  return fail(ErrorKind::parse, "a question to the sampler: " + why,
              "The library and the program isojoule must come from the same build.");
}

std::string bits(std::optional<double> value) {
  char text[24];
  std::snprintf(text, sizeof(text), " %" PRIx64, std::bit_cast<std::uint64_t>(value.value_or(0)));
  return text;
}

template <typename T>
std::optional<double> number(const std::optional<T>& value) {
  return value ? std::optional(value->value()) : std::nullopt;
}

// Fields are cut at a tab, and messages may say what they like.
std::string plain(std::string text) {
  for (char& c : text)
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  return text;
}

}  // namespace

bool is_question(std::string_view line) { return line.starts_with(kAsk); }

Result<SessionQuestion> parse_question(std::string_view line) {
  const auto object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return no_question("not a JSON object");
  SessionQuestion question;
  for (const auto& [key, field] : {std::pair{"question", &question.number},
                                   {"client", &question.client},
                                   {"id", &question.id},
                                   {"at_ns", &question.at.ns}}) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number_integer())
      return no_question(std::string("'") + key + "' is no whole number");
    *field = found->get<std::int64_t>();
  }
  const auto what = object.find("what"), name = object.find("name");
  if (what == object.end() || !what->is_string() || name == object.end() || !name->is_string())
    return no_question("'what' or 'name' is missing");
  question.name = name->get<std::string>();
  for (const auto& [word, known] : {std::pair{"window", SessionQuestion::What::window},
                                    {"name", SessionQuestion::What::name},
                                    {"whole", SessionQuestion::What::whole},
                                    {"end", SessionQuestion::What::end}})
    if (*what == word) {
      question.what = known;
      return question;
    }
  return no_question("it asks for none of window, name, whole, end");
}

std::string encode_answer(std::int64_t question, const SessionAnswer& answer, bool simulated) {
  const bool has_energy = answer.gross.value && answer.gross.uncertainty;
  const bool has_net = answer.net.value && answer.net.uncertainty;
  const int flags = (has_energy ? ISOJOULE_HAS_ENERGY : 0) | (has_net ? ISOJOULE_HAS_NET : 0) |
                    (answer.duration ? ISOJOULE_HAS_DURATION : 0) |
                    (simulated ? ISOJOULE_IS_SIMULATED : 0);
  std::string line = "answer " + std::to_string(question) + " " + std::to_string(flags) + " " +
                     std::to_string(answer.count) + " " + std::to_string(answer.overlapping);
  line += bits(has_energy ? number(answer.gross.value) : std::nullopt);
  line += bits(has_energy ? number(answer.gross.uncertainty) : std::nullopt);
  line += bits(has_net ? number(answer.net.value) : std::nullopt);
  line += bits(has_net ? number(answer.net.uncertainty) : std::nullopt);
  line += bits(number(answer.duration));
  std::string counters;
  for (const CounterInfo& info : all_counters())
    if (answer.counters[info.counter] > 0)
      counters += (counters.empty() ? "" : "; ") + std::string(info.name) + " " +
                  std::to_string(answer.counters[info.counter]);
  std::string reason = has_energy ? "" : answer.gross.why_absent;
  if (has_energy && !has_net) reason = answer.net.why_absent;
  if (!has_energy && reason.empty()) reason = "no energy, and no reason was given";
  if (!answer.remark.empty()) reason = answer.remark + (reason.empty() ? "" : "; ") + reason;
  return line + "\t" + counters + "\t" + plain(reason) + "\n";
}

}  // namespace isojoule
