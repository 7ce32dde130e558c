#include "report/html/page.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>

namespace isojoule {
namespace {

constexpr std::string_view kPage =
    "<title>@ISOJOULE_TITLE@</title><script>@ISOJOULE_STUDY@</script><p>end</p>";

TEST(Page, EscapesWhatHtmlReadsOtherwise) {
  EXPECT_EQ(escape_html("<a href=\"x\">Tom & 'Jerry'</a>"),
            "&lt;a href=&quot;x&quot;&gt;Tom &amp; &#39;Jerry&#39;&lt;/a&gt;");
  EXPECT_EQ(escape_html("plain \xC2\xB5J"), "plain \xC2\xB5J");
}

TEST(Page, JsonInAScriptHoldsNoLessThan) {
  const nlohmann::json json = {{"name", "</script><script>alert(1)</script><!--"}};
  const std::string text = script_json(json);
  EXPECT_EQ(text.find('<'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(text), json);
}

TEST(Page, BytesThatAreNoTextAreReplacedAndDoNotThrow) {
  const std::string text = script_json({{"name", "a\xFF"}});
  EXPECT_EQ(nlohmann::json::parse(text)["name"], "a\xEF\xBF\xBD");
}

RC_GTEST_PROP(Page, JsonReadsBackAndHoldsNoLessThan, ()) {
  // Characters of ASCII, where everything that HTML or JSON reads otherwise lies.
  const auto name = *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
  const std::string text = script_json({{name, name}});
  RC_ASSERT(text.find('<') == std::string::npos);
  RC_ASSERT(nlohmann::json::parse(text)[name] == name);
}

TEST(Page, FillsBothGapsOnce) {
  const auto filled = fill_page(kPage, "a < b", {{"x", 1}});
  ASSERT_TRUE(filled) << to_string(filled.error());
  EXPECT_EQ(*filled, "<title>a &lt; b</title><script>{\"x\":1}</script><p>end</p>");
}

TEST(Page, AStudyNamedLikeAGapFillsNothing) {
  const auto filled = fill_page(kPage, "@ISOJOULE_STUDY@", {{"n", "@ISOJOULE_TITLE@"}});
  ASSERT_TRUE(filled) << to_string(filled.error());
  EXPECT_EQ(
      *filled,
      "<title>@ISOJOULE_STUDY@</title><script>{\"n\":\"@ISOJOULE_TITLE@\"}</script><p>end</p>");
}

TEST(Page, APageWithoutItsGapsIsRefused) {
  for (const std::string_view page :
       {"", "<title>@ISOJOULE_TITLE@</title>", "@ISOJOULE_STUDY@ before @ISOJOULE_TITLE@"}) {
    const auto filled = fill_page(page, "t", {});
    ASSERT_FALSE(filled);
    EXPECT_EQ(filled.error().kind, ErrorKind::damaged);
    EXPECT_NE(filled.error().remedy.find("npm run build"), std::string::npos);
  }
}

TEST(Page, TheEmbeddedPageIsAbsentOrWhole) {
  const std::string_view page = embedded_page();
  if (page.empty()) GTEST_SKIP() << "skipped: web/dist/report.html was not built";
  EXPECT_EQ(page.substr(0, 15), "<!doctype html>");
  EXPECT_NE(page.rfind("</html>"), std::string_view::npos);
  EXPECT_TRUE(fill_page(page, "t", {{"schema", 1}}));
  EXPECT_EQ(page.find("src=\"http"), std::string_view::npos);
  EXPECT_EQ(page.find("<link rel=\"stylesheet\""), std::string_view::npos);
}

}  // namespace
}  // namespace isojoule
