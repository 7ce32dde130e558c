// Budgets of runs as text and JSON. How they are made: trace/combine_test.cc.
#include <gtest/gtest.h>

#include "report/budget_json.h"
#include "report/export_fixture.h"
#include "report/text/budget.h"

namespace isojoule::test {
namespace {

TEST(BudgetText, ARunTellsEveryPhaseAndWhatIsAbsent) {
  auto study = small_study();
  const std::string text = study_budgets_text(study, 1).value();
  EXPECT_NE(text.find("idle: energy absent: no reading falls into it\n"), std::string::npos);
  // 1.25 J, u = 0.015625 J, k = 2; 32 inferences.
  EXPECT_NE(text.find("inference: 1.2500 J ± 0.0312 J (2.5 %, k = 2.00); an inference 39.062 mJ ± "
                      "0.977 mJ"),
            std::string::npos)
      << text;
  // gain: 0.0125 J is 1 % of the energy and 64 % of the variance.
  EXPECT_NE(text.find("gain *"), std::string::npos);
  EXPECT_NE(text.find(" 64.0  chip and shunt, data sheet"), std::string::npos) << text;
}

TEST(BudgetText, AFailedRunSaysSoAndABaselineHasItsName) {
  auto study = small_study();
  const std::string text = study_budgets_text(study, 2).value();
  EXPECT_EQ(text, "Run 2: alexnet, default\n\nit failed: out of memory: 3 GiB\n");
  const auto json = study_budgets_json(study, 2).value();
  EXPECT_EQ(json.at("state"), "failed");
  EXPECT_EQ(json.at("failure"), "out of memory: 3 GiB");
  EXPECT_EQ(json.at("baseline"), "default");
  EXPECT_EQ(study_budgets_json(study, 1).value().at("failure"), nullptr);
  const auto none = study_budgets_text(study, 4);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
  EXPECT_NE(none.error().remedy.find("1 to 3"), std::string::npos);
}

}  // namespace
}  // namespace isojoule::test
