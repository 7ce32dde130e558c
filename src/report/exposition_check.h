// For tests: a strict reader of Prometheus' text format 0.0.4, by its rules
// (https://prometheus.io/docs/instrumenting/exposition_formats/): HELP and TYPE once and before the
// samples, the samples of a metric together, no series twice, escapes, a line feed at the end.
#pragma once

#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace isojoule::test {

struct Sample {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

class ExpositionReader {
 public:
  explicit ExpositionReader(const std::string& text) { read(text); }

  const std::vector<std::string>& faults() const { return faults_; }
  const std::vector<Sample>& samples() const { return samples_; }
  const std::map<std::string, std::string>& types() const { return types_; }
  // The sample with these labels among its own; null where none or several have them.
  const Sample* find(const std::string& name,
                     const std::map<std::string, std::string>& labels) const {
    const Sample* found = nullptr;
    for (const Sample& sample : samples_) {
      bool fits = sample.name == name;
      for (const auto& [key, value] : labels) {
        const auto label = sample.labels.find(key);
        fits = fits && label != sample.labels.end() && label->second == value;
      }
      if (!fits) continue;
      if (found != nullptr) return nullptr;
      found = &sample;
    }
    return found;
  }

 private:
  void fault(const std::string& what) { faults_.push_back(what + ": " + line_); }

  void read(const std::string& text) {
    if (!text.empty() && text.back() != '\n') fault("no line feed at the end");
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      line_ = text.substr(at, end - at);
      at = end + 1;
      if (line_.empty()) fault("an empty line");
      line_.starts_with('#') ? read_comment() : read_sample();
    }
  }

  static bool is_name(std::string_view name, bool of_label) {
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
    for (const char c : name)
      if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && (of_label || c != ':'))
        return false;
    return true;
  }

  void read_comment() {
    const bool help = line_.starts_with("# HELP "), type = line_.starts_with("# TYPE ");
    if (!help && !type) return fault("a comment that is neither HELP nor TYPE");
    const std::string rest = line_.substr(7);
    const std::string name = rest.substr(0, rest.find(' '));
    if (!is_name(name, false)) fault("no name of a metric");
    if (help) {
      if (!helped_.insert(name).second) fault("HELP a second time");
      for (std::size_t i = 0; i < rest.size(); ++i)
        if (rest[i] == '\\' && (++i == rest.size() || (rest[i] != '\\' && rest[i] != 'n')))
          fault("an unknown escape");
      return;
    }
    const std::string kind = rest.substr(std::min(rest.size(), name.size() + 1));
    static const std::set<std::string> kinds = {"counter", "gauge", "summary", "histogram",
                                                "untyped"};
    if (!kinds.contains(kind)) fault("an unknown type");
    if (!types_.emplace(name, kind).second) fault("TYPE a second time");
    begin_family(name);
  }

  void begin_family(const std::string& name) {
    if (name == family_) return;
    if (!families_.insert(name).second) fault("samples of a metric that are apart");
    family_ = name;
  }

  std::string family_of(const std::string& name) const {
    for (const std::string suffix : {"_sum", "_count", "_bucket"}) {
      if (!name.ends_with(suffix)) continue;
      const std::string base = name.substr(0, name.size() - suffix.size());
      const auto type = types_.find(base);
      if (type != types_.end() && (type->second == "summary" || type->second == "histogram"))
        return base;
    }
    return name;
  }

  void read_sample() {
    Sample sample;
    std::size_t at = line_.find_first_of("{ ");
    if (at == std::string::npos) return fault("a sample without a value");
    sample.name = line_.substr(0, at);
    if (!is_name(sample.name, false)) fault("no name of a metric");
    if (line_[at] == '{' && !read_labels(++at, sample)) return fault("broken labels");
    if (at >= line_.size() || line_[at] != ' ') return fault("no space before the value");
    read_value(line_.substr(at + 1), sample);
    const std::string family = family_of(sample.name);
    begin_family(family);
    if (!types_.contains(family)) fault("a sample before its TYPE");
    if (!series_.insert({sample.name, sample.labels}).second) fault("a series twice");
    samples_.push_back(std::move(sample));
  }

  // From behind the brace to behind the other one.
  bool read_labels(std::size_t& at, Sample& sample) {
    while (at < line_.size() && line_[at] != '}') {
      const std::size_t equals = line_.find('=', at);
      if (equals == std::string::npos || equals + 1 >= line_.size() || line_[equals + 1] != '"')
        return false;
      const std::string name = line_.substr(at, equals - at);
      if (!is_name(name, true)) return false;
      std::string value;
      for (at = equals + 2; at < line_.size() && line_[at] != '"'; ++at) {
        if (line_[at] != '\\') {
          value += line_[at];
          continue;
        }
        if (++at == line_.size()) return false;
        if (line_[at] != '\\' && line_[at] != '"' && line_[at] != 'n') return false;
        value += line_[at] == 'n' ? '\n' : line_[at];
      }
      if (at == line_.size() || !sample.labels.emplace(name, value).second) return false;
      ++at;
      if (at < line_.size() && line_[at] == ',') ++at;
    }
    return at++ < line_.size();
  }

  void read_value(const std::string& text, Sample& sample) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sample.value);
    if (error != std::errc() || end != text.data() + text.size())
      fault("a value that is no number");
    if (!std::isfinite(sample.value)) fault("a value that is not finite");
  }

  std::string line_, family_;
  std::vector<std::string> faults_;
  std::vector<Sample> samples_;
  std::map<std::string, std::string> types_;
  std::set<std::string> helped_, families_;
  std::set<std::pair<std::string, std::map<std::string, std::string>>> series_;
};

}  // namespace isojoule::test
