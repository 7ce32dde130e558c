// Metrics in the text format of Prometheus, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isojoule {

using Labels = std::vector<std::pair<std::string, std::string>>;  // name, value; in this order

// `base`, then `more`.
Labels with(const Labels& base, const Labels& more);

// Collects samples by metric, as the format wants them together. Values that are not finite are
// left out: what was not measured is absent.
class Exposition {
 public:
  enum class Type { counter, gauge, summary };

  // One metric; a name that is there already is the same one. Stays valid.
  class Metric {
   public:
    void add(const Labels& labels, double value) { add("", labels, value); }
    // `suffix`: "_sum", "_count" of a summary.
    void add(std::string_view suffix, const Labels& labels, double value);

   private:
    friend class Exposition;
    std::string name_, head_, samples_;
  };
  Metric& metric(std::string_view name, Type type, std::string_view help);
  Metric& gauge(std::string_view name, std::string_view help) {
    return metric(name, Type::gauge, help);
  }
  Metric& counter(std::string_view name, std::string_view help) {
    return metric(name, Type::counter, help);
  }

  // In the order in which the metrics were named first; those without samples are left out.
  std::string text() const;

 private:
  std::deque<Metric> metrics_;
};

}  // namespace isojoule
