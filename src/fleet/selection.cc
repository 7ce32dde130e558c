// Which boards a study may use.
#include <algorithm>
#include <charconv>
#include <set>

#include "base/text.h"
#include "fleet/catalogue.h"
#include "fleet/name.h"

namespace isojoule::fleet {
namespace {

const std::vector<std::string> kSelectionKeys = {"type", "release", "variant",
                                                 "name", "count",   "simulated"};
constexpr std::int64_t kMostBoards = 100'000;

tl::unexpected<Error> no_selection(const std::string& what, const std::string& remedy) {
  return fail(ErrorKind::invalid, "--boards: " + what, remedy);
}

std::vector<std::string> split_at(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(separator, at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

Status take_least(const std::string& word, std::string_view text, Selection& selection) {
  std::int64_t least = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), least);
  if (error != std::errc() || end != text.data() + text.size() || least < 1 || least > kMostBoards)
    return no_selection("'" + word + "' says no number of boards", "Write count>=3");
  selection.least = least;
  return {};
}

Status take_simulated(const std::string& word, std::string_view text, Selection& selection) {
  if (text != "yes" && text != "no")
    return no_selection("'" + word + "' is neither yes nor no", "Write simulated=no");
  selection.simulated = text == "yes";
  return {};
}

// "key=value", and "count>=N".
Status take_word(const std::string& word, Selection& selection) {
  const std::size_t end = word.find_first_of(">=<");
  const std::string key = word.substr(0, end);
  if (std::find(kSelectionKeys.begin(), kSelectionKeys.end(), key) == kSelectionKeys.end())
    return no_selection("there is no '" + key + "'", unknown_name_remedy(key, kSelectionKeys));
  const std::string_view sign = key == "count" ? ">=" : "=";
  if (end == std::string::npos || word.compare(end, sign.size(), sign) != 0)
    return no_selection("'" + word + "' is not " + key + std::string(sign) + "...",
                        "Write for instance type=jetson-orin-nx,count>=3");
  const std::string value = word.substr(end + sign.size());
  if (value.empty()) return no_selection("'" + word + "' says no value", "");
  if (key == "count") return take_least(word, value, selection);
  if (key == "simulated") return take_simulated(word, value, selection);
  if (key == "type") selection.type = value;
  if (key == "release") selection.release = value;
  if (key == "variant") selection.variant = value;
  if (key == "name") selection.names = split_at(value, '|');
  return {};
}

// `pattern` with * for any letters. Goes back to the last star only, which is enough.
bool matches_pattern(std::string_view name, std::string_view pattern) {
  std::size_t n = 0, p = 0, star = std::string_view::npos, from = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++n;
      ++p;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool matches_names(const std::string& name, const std::vector<std::string>& patterns) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return matches_pattern(name, pattern); });
}

std::string other_than(const std::string& what, const std::string& is, const std::string& asked) {
  if (asked.empty() || asked == is) return "";
  return "its " + what + " is " + (is.empty() ? "not known" : is) + ", not " + asked;
}

// Why the user's own words leave it out; "" = they do not.
std::string why_not_asked_for(const BoardCard& card, const Selection& selection,
                              const std::string& type) {
  if (!matches_names(card.name, selection.names)) return "its name is not asked for";
  for (const std::string& why : {other_than("type", card.board, type),
                                 other_than("release", card.release, selection.release),
                                 other_than("variant", card.variant, selection.variant)})
    if (!why.empty()) return why;
  if (selection.simulated && *selection.simulated != card.simulated)
    return card.simulated ? "it is simulated" : "it is not simulated";
  return "";
}

// Why it could not take part; "" = it could.
std::string why_unable(const Member& member) {
  const BoardCard& card = member.card;
  if (card.board.empty()) return card.problems.empty() ? "its card says no type" : card.problems[0];
  if (card.protocol != kProtocol)
    return "its agent speaks protocol " + std::to_string(card.protocol) + ", this isojoule " +
           std::to_string(kProtocol);
  if (!member.pulse) return "lost: it gives no sign of life";
  return "";
}

bool is_away(const Member& member) {
  return member.pulse->state == BoardState::drained || member.pulse->state == BoardState::out;
}

std::string away_note(const Member& member) {
  const Pulse& pulse = *member.pulse;
  return member.card.name + ": " + std::string(name_of(pulse.state)) +
         (pulse.why.empty() ? "" : " (" + pulse.why + ")") +
         ", it takes no block until it is resumed";
}

bool has_same_rails(const BoardCard& a, const BoardCard& b) {
  return a.total == b.total && std::equal(a.rails.begin(), a.rails.end(), b.rails.begin(),
                                          b.rails.end(), [](const Rail& x, const Rail& y) {
                                            return x.name == y.name && x.parent == y.parent;
                                          });
}

class Choice {
 public:
  Choice(const Selection& selection, const std::string& type)
      : selection_(selection), type_(type) {}

  Result<Selected> make(const std::vector<Member>& members) {
    for (const Member& member : members) sort(member);
    ISOJOULE_CHECK(check_one_kind());
    keep_alike();
    return enough();
  }

 private:
  void sort(const Member& member) {
    const std::string& name = member.card.name;
    const std::string unable = why_unable(member);
    // What a broken card is of, nobody knows: its name alone can say that it is not meant.
    const bool is_known = !member.card.board.empty();
    const std::string why =
        is_known ? why_not_asked_for(member.card, selection_, type_)
                 : (matches_names(name, selection_.names) ? "" : "its name is not asked for");
    if (!why.empty())
      others_.push_back(name + ": " + why);
    else if (!unable.empty())
      selected_.left_out.push_back(name + ": " + unable);
    else
      selected_.boards.push_back(member);
  }

  Status check_one_kind() const {
    std::set<std::string> types, kinds;
    for (const Member& member : selected_.boards) {
      types.insert(member.card.board);
      kinds.insert(member.card.simulated ? "yes" : "no");
    }
    if (types.size() > 1)
      return no_selection(
          "there are boards of several types, " + join({types.begin(), types.end()}, ", "),
          "Say which: --boards type=" + *types.begin());
    if (kinds.size() > 1)
      return no_selection("there are simulated boards of this type and real ones",
                          "Say which: --boards simulated=no");
    return {};
  }

  void keep_alike() {
    auto& boards = selected_.boards;
    if (boards.empty()) return;
    const BoardCard first = boards.front().card;
    const auto alike = [&](const Member& member) { return has_same_rails(member.card, first); };
    for (const Member& member : boards)
      if (!alike(member))
        selected_.left_out.push_back(member.card.name + ": its rails are not those of " +
                                     first.name);
    boards.erase(std::remove_if(boards.begin(), boards.end(),
                                [&](const Member& member) { return !alike(member); }),
                 boards.end());
  }

  Result<Selected> enough() {
    std::int64_t able = 0;
    for (const Member& member : selected_.boards) {
      if (is_away(member))
        selected_.notes.push_back(away_note(member));
      else
        ++able;
    }
    // A study may be begun while all of its boards are drained; a number that is asked for is asked
    // for now.
    if (!selected_.boards.empty() && able >= (selection_.least > 1 ? selection_.least : 0))
      return std::move(selected_);
    return too_few(able);
  }

  tl::unexpected<Error> too_few(std::int64_t able) const {
    std::vector<std::string> lines;
    for (const Member& member : selected_.boards)
      if (!is_away(member)) lines.push_back(member.card.name + ": fits");
    for (const auto* more : {&selected_.notes, &selected_.left_out, &others_})
      lines.insert(lines.end(), more->begin(), more->end());
    if (lines.empty()) lines.emplace_back("there is none");
    constexpr std::size_t kListed = 20;
    if (lines.size() > kListed) {
      const std::size_t hidden = lines.size() - kListed;
      lines.resize(kListed);
      lines.push_back(std::to_string(hidden) + " more");
    }
    std::string what = "no board fits: ";
    if (selection_.least > 1)
      what =
          "of " + std::to_string(selection_.least) + " boards that are asked for " +
          (able == 0 ? "none fits: " : std::to_string(able) + (able == 1 ? " fits: " : " fit: "));
    what += join(lines, "; ");
    return fail(ErrorKind::not_found, what, "isojoule fleet shows the boards and what they lack");
  }

  const Selection& selection_;
  const std::string& type_;
  Selected selected_;
  std::vector<std::string> others_;
};

}  // namespace

Result<Selection> parse_selection(std::string_view text) {
  Selection selection;
  selection.text = std::string(text);
  if (text.empty()) return selection;
  for (const std::string& word : split_at(text, ',')) ISOJOULE_CHECK(take_word(word, selection));
  return selection;
}

Result<Selected> select(const std::vector<Member>& members, const Selection& selection,
                        const std::string& plan_board) {
  if (!plan_board.empty() && !selection.type.empty() && plan_board != selection.type)
    return no_selection("type=" + selection.type + ", but the plan is for " + plan_board,
                        "Take a plan for " + selection.type + ", or leave the type out");
  return Choice(selection, selection.type.empty() ? plan_board : selection.type).make(members);
}

}  // namespace isojoule::fleet
