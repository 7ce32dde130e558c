#include "report/select.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "data/value_text.h"

namespace isojoule {
namespace {

constexpr const char* kNoBaseline = "none";
constexpr std::size_t kMostTold = 12;  // of values, settings

using Fits = std::function<bool(const RunGroup&)>;
struct Word {
  std::string text;
  Fits fits;
  bool is_baseline = false;
};

std::string told(const std::set<std::string>& names) {
  std::vector<std::string> list(names.begin(), names.end());
  if (list.size() <= kMostTold) return join(list, ", ");
  const std::size_t more = list.size() - kMostTold;
  list.resize(kMostTold);
  return join(list, ", ") + " and " + std::to_string(more) + " more";
}

// "a=1, b=2 c=3" at spaces and commas.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  const char* const white = " \t\r\n,";
  for (std::size_t at = text.find_first_not_of(white); at != std::string::npos;) {
    const std::size_t end = std::min(text.find_first_of(white, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(white, end);
  }
  return words;
}

// By number, then by name: "99MHz" before "100MHz".
std::string values_of(const std::vector<const RunGroup*>& groups, const std::string& axis) {
  std::set<Value> values;
  for (const RunGroup* group : groups)
    if (const Value* value = group->setting.find(axis)) values.insert(*value);
  std::vector<std::string> list;
  for (const Value& value : values) list.push_back(word_of(axis, value).substr(axis.size() + 1));
  if (list.size() > kMostTold) {
    const std::size_t more = list.size() - kMostTold;
    list.resize(kMostTold);
    list.push_back("and " + std::to_string(more) + " more");
  }
  return join(list, ", ");
}

class GroupChoice {
 public:
  GroupChoice(const std::vector<RunGroup>& groups, std::string option, const std::string& study)
      : option_(std::move(option)), study_(study) {
    for (const RunGroup& group : groups) all_.push_back(&group);
  }

  Result<const RunGroup*> select(const std::string& text, const std::string& network) {
    if (!network.empty()) ISOJOULE_CHECK(add_network(network));
    for (const std::string& word : split(text)) ISOJOULE_CHECK(add(word));
    if (words_.size() == (network.empty() ? 0 : 1))
      return fail(ErrorKind::invalid, option_ + " names no setting",
                  "Write for instance " + option_ + " \"" + example() + "\"");
    std::vector<const RunGroup*> found = fitting(words_);
    if (found.empty()) return none();
    const bool names_baseline = std::any_of(words_.begin(), words_.end(),
                                            [](const Word& word) { return word.is_baseline; });
    if (!names_baseline) {
      const auto baselines =
          std::stable_partition(found.begin(), found.end(),
                                [](const RunGroup* group) { return group->baseline.empty(); });
      if (baselines != found.begin()) found.erase(baselines, found.end());
    }
    if (found.size() > 1) return several(found);
    return found.front();
  }

 private:
  Status add_network(const std::string& name) {
    std::set<std::string> names;
    for (const RunGroup* group : all_) names.insert(group->network);
    if (names.count(name) == 0)
      return fail(ErrorKind::not_found, study_ + " has no network '" + name + "'",
                  unknown_name_remedy(name, {names.begin(), names.end()}));
    words_.push_back(
        {"network=" + name, [name](const RunGroup& group) { return group.network == name; }});
    return {};
  }

  Status add_baseline(const std::string& name) {
    std::set<std::string> names;
    for (const RunGroup* group : all_)
      names.insert(group->baseline.empty() ? kNoBaseline : group->baseline);
    if (names.count(name) == 0)
      return fail(ErrorKind::not_found, option_ + ": " + study_ + " has no baseline '" + name + "'",
                  "There are: " + told(names));
    const std::string wanted = name == kNoBaseline ? "" : name;
    words_.push_back({"baseline=" + name,
                      [wanted](const RunGroup& group) { return group.baseline == wanted; }, true});
    return {};
  }

  Status add(const std::string& text) {
    const std::size_t equals = text.find('=');
    const std::string before = text.substr(0, equals);
    const std::string behind = equals == std::string::npos ? "" : text.substr(equals + 1);
    if (before == "network" && !behind.empty()) return add_network(behind);
    if (before == "baseline" && !behind.empty()) return add_baseline(behind);
    ISOJOULE_TRY(const AxisValue word, parse_axis_value(text));
    std::set<std::string> axes = {"baseline", "network"};
    for (const RunGroup* group : all_)
      for (const auto& [axis, value] : group->setting.values()) axes.insert(axis);
    if (axes.count(word.axis) == 0)
      return fail(ErrorKind::not_found,
                  option_ + ": no run of " + study_ + " has '" + word.axis + "'",
                  unknown_name_remedy(word.axis, {axes.begin(), axes.end()}));
    Word added{text, [word](const RunGroup& group) {
                 const Value* value = group.setting.find(word.axis);
                 return value != nullptr && *value == word.value;
               }};
    if (fitting({added}).empty())
      return fail(ErrorKind::not_found, option_ + ": no run of " + study_ + " has " + text,
                  "There are: " + values_of(all_, word.axis));
    words_.push_back(std::move(added));
    return {};
  }

  std::vector<const RunGroup*> fitting(const std::vector<Word>& words) const {
    std::vector<const RunGroup*> found;
    for (const RunGroup* group : all_)
      if (std::all_of(words.begin(), words.end(),
                      [group](const Word& word) { return word.fits(*group); }))
        found.push_back(group);
    return found;
  }

  std::string example() const {
    return all_.empty() ? "batch=16 gpu_frequency=921.6MHz" : words_of(*all_.back());
  }

  std::string joined_words() const {
    std::vector<std::string> list;
    for (const Word& word : words_) list.push_back(word.text);
    return join(list, " ");
  }

  // Each word fits some run, but no run has all: what is there without the last of them.
  tl::unexpected<Error> none() const {
    for (std::size_t left_out = words_.size(); left_out-- > 0;) {
      std::vector<Word> others = words_;
      others.erase(others.begin() + static_cast<std::ptrdiff_t>(left_out));
      const auto found = fitting(others);
      if (found.empty()) continue;
      std::set<std::string> names;
      for (const RunGroup* group : found) names.insert(group->network + ": " + words_of(*group));
      return fail(ErrorKind::not_found,
                  option_ + ": no run of " + study_ + " has " + joined_words(),
                  "Without " + words_[left_out].text + " there are: " + told(names));
    }
    return fail(ErrorKind::not_found, option_ + ": no run of " + study_ + " has " + joined_words(),
                "Try fewer words; 'isojoule show' lists the settings");
  }

  // What would tell them apart.
  tl::unexpected<Error> several(const std::vector<const RunGroup*>& found) const {
    std::set<std::string> networks, baselines, axes;
    for (const RunGroup* group : found) {
      networks.insert(group->network);
      baselines.insert(group->baseline.empty() ? kNoBaseline : group->baseline);
      for (const auto& [axis, value] : group->setting.values()) axes.insert(axis);
    }
    std::vector<std::string> differ;
    if (networks.size() > 1) differ.push_back("network: " + told(networks));
    if (baselines.size() > 1) differ.push_back("baseline: " + told(baselines));
    for (const std::string& axis : axes) {
      const bool same = std::all_of(found.begin(), found.end(), [&](const RunGroup* group) {
        const Value* one = group->setting.find(axis);
        const Value* first = found.front()->setting.find(axis);
        return one == nullptr || first == nullptr ? one == first : *one == *first;
      });
      if (!same) differ.push_back(axis + ": " + values_of(found, axis));
    }
    return fail(ErrorKind::invalid,
                option_ + ": '" + joined_words() + "' fits " + std::to_string(found.size()) +
                    " settings of " + study_,
                "Say which. They differ in " + join(differ, "; "));
  }

  std::vector<const RunGroup*> all_;
  std::vector<Word> words_;
  std::string option_;
  const std::string& study_;
};

}  // namespace

std::vector<RunGroup> groups_of(const std::vector<Run>& runs) {
  std::map<std::tuple<std::string, std::string, Setting>, std::vector<const Run*>> sorted;
  for (const Run& run : runs) sorted[{run.network, run.baseline, run.setting}].push_back(&run);
  std::vector<RunGroup> groups;
  for (auto& [key, list] : sorted)
    groups.push_back({std::get<0>(key), std::get<1>(key), std::get<2>(key), std::move(list)});
  return groups;
}

std::string word_of(const std::string& axis, const Value& value) {
  const auto* number = std::get_if<double>(&value);
  if (number != nullptr && unit_of_axis(axis) == Unit::hertz && *number >= 1e6)
    return axis + "=" + to_string(Value(*number / 1e6)) + "MHz";
  return axis + "=" + to_string(value);
}

std::string words_of(const RunGroup& group) {
  std::string text = group.baseline.empty() ? "" : "baseline=" + group.baseline;
  for (const auto& [axis, value] : group.setting.values())
    text += (text.empty() ? "" : " ") + word_of(axis, value);
  return text;
}

Result<const RunGroup*> select_group(const std::vector<RunGroup>& groups, const std::string& words,
                                     const std::string& network, const std::string& option,
                                     const std::string& study) {
  return GroupChoice(groups, option, study).select(words, network);
}

}  // namespace isojoule
