#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "report/html/page.h"
#include "report/report.h"

namespace isojoule {

const ReportKind& report_kind_html();

namespace {

// A study without runs, so that the page's way from summary to file can be followed.
class EmptyStudy : public StudyFile {
 private:
  const StudyInfo& do_info() const override { return info_; }
  Result<std::int64_t> do_add(const Run&, const Trace*) override { return 0; }
  Result<std::vector<std::int64_t>> do_sequences() override { return std::vector<std::int64_t>{}; }
  Result<std::vector<Run>> do_runs(bool) override { return std::vector<Run>{}; }
  Result<Run> do_run(std::int64_t) override { return fail(ErrorKind::not_found, "no run"); }
  Result<Trace> do_trace(std::int64_t) override { return fail(ErrorKind::no_data, "no trace"); }

  StudyInfo info_;
};

TEST(Html, RendersTheStudyOrSaysHowToBuildThePage) {
  StudySummary summary;
  summary.info.name = "</title><script>alert('x')</script>";
  summary.info.simulated = true;
  EmptyStudy study;
  const auto text = report_kind_html().render(summary, study, {});
  if (embedded_page().empty()) {
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().kind, ErrorKind::unsupported);
    EXPECT_NE(text.error().remedy.find("npm ci"), std::string::npos);
    return;
  }
  ASSERT_TRUE(text) << to_string(text.error());
  EXPECT_EQ(text->find("<script>alert"), std::string::npos);
  EXPECT_EQ(text->find("@ISOJOULE_STUDY@"), std::string::npos);
  EXPECT_NE(text->find("<title>&lt;/title&gt;&lt;script&gt;alert(&#39;x&#39;)"), std::string::npos);
  EXPECT_NE(text->find("\"simulated\":true"), std::string::npos);
}

}  // namespace
}  // namespace isojoule
