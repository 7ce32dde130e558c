#include "tensor/post.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <cmath>

#include "tensor/boxes.h"
#include "tensor/elements.h"

namespace isojoule {
namespace {

using testing::HasSubstr;
using Options = std::map<std::string, std::string>;
using Shape = std::vector<std::int64_t>;

Tensor output(const std::string& name, const Shape& shape, const std::vector<float>& values = {}) {
  Tensor tensor = make_tensor({name, ElementType::float32, shape});
  put_values(tensor, 0, values);
  return tensor;
}

PostResult post(const std::vector<Tensor>& outputs, Options options = {}) {
  const auto read = take_post_options(options);
  EXPECT_TRUE(read) << (read ? "" : to_string(read.error()));
  auto result = post_process(outputs, read.value_or(PostOptions()));
  EXPECT_TRUE(result) << (result ? "" : to_string(result.error()));
  return result ? std::move(*result) : PostResult();
}

std::string error_of(const std::vector<Tensor>& outputs, Options options, ErrorKind kind) {
  const auto read = take_post_options(options);
  const auto result = read ? post_process(outputs, *read) : tl::unexpected<Error>(read.error());
  EXPECT_FALSE(result);
  if (result) return "";
  EXPECT_EQ(result.error().kind, kind);
  return to_string(result.error());
}

PostTask task_of(const std::vector<Shape>& shapes) {
  std::vector<Tensor> outputs;
  for (const Shape& shape : shapes) outputs.push_back(output("x", shape));
  return find_task(outputs);
}

TEST(Post, TasksByShape) {
  EXPECT_EQ(task_of({{8, 1000}}), PostTask::classification);
  EXPECT_EQ(task_of({{1, 1001, 1, 1}}), PostTask::classification);
  EXPECT_EQ(task_of({{1, 1}}), PostTask::none);
  EXPECT_EQ(task_of({{1, 384}, {1, 384}}), PostTask::none);
  EXPECT_EQ(task_of({{1, 8732, 4}, {1, 81, 8732}}), PostTask::detection);
  EXPECT_EQ(task_of({{1, 3000, 2}, {1, 3000, 4}}), PostTask::detection);
  EXPECT_EQ(task_of({{1, 2535, 1, 4}, {1, 2535, 80}}), PostTask::detection);
  EXPECT_EQ(task_of({{1, 255, 13, 13}, {1, 255, 26, 26}}), PostTask::yolo);
  EXPECT_EQ(task_of({{1, 255, 52, 52}, {1, 255, 26, 26}, {1, 255, 13, 13}}), PostTask::yolo);
  EXPECT_EQ(task_of({{1, 21, 520, 520}}), PostTask::segmentation);
  EXPECT_EQ(task_of({{1, 21, 64, 64}, {1, 21, 64, 64}}), PostTask::segmentation);
  EXPECT_EQ(task_of({{1, 512, 64, 64}}), PostTask::none);
  EXPECT_EQ(task_of({{1, 64, 7, 7}}), PostTask::none);
  EXPECT_EQ(task_of({{1, 128, 768}, {1, 768}}), PostTask::text);
  EXPECT_EQ(task_of({{10}}), PostTask::none);
  EXPECT_EQ(task_of({}), PostTask::none);
}

TEST(Post, OptionsAreChecked) {
  EXPECT_THAT(error_of({}, {{"post.scores_above", "1"}}, ErrorKind::not_found),
              HasSubstr("unknown option 'post.scores_above'"));
  EXPECT_THAT(error_of({}, {{"post.overlap", "1.5"}}, ErrorKind::invalid),
              HasSubstr("a number from 0 to 1"));
  EXPECT_THAT(error_of({}, {{"post.anchors", "1,2,3"}}, ErrorKind::invalid), HasSubstr("pairs"));
  Options options = {{"post.task", "ssd"}, {"threads", "2"}};
  EXPECT_EQ(take_post_options(options).value_or(PostOptions()).task, PostTask::detection);
  EXPECT_EQ(options.size(), 1U);
}

TEST(Post, ClassificationByHand) {
  // e^0 : e^1 : e^2 = 1 : 2.718 : 7.389, of 11.107.
  const auto result = post({output("logits", {2, 3}, {0, 1, 2, 5, 5, -100})}, {{"post.top", "2"}});
  EXPECT_EQ(result.task, PostTask::classification);
  ASSERT_EQ(result.classes.size(), 2U);
  ASSERT_EQ(result.classes[0].size(), 2U);
  EXPECT_EQ(result.classes[0][0].index, 2);
  EXPECT_NEAR(result.classes[0][0].score, 0.66524, 1e-5);
  EXPECT_NEAR(result.classes[0][1].score, 0.24473, 1e-5);
  EXPECT_EQ(result.classes[1][0].index, 0);  // equal ones in the classes' order
  EXPECT_NEAR(result.classes[1][0].score, 0.5, 1e-6);
  EXPECT_EQ(result.words, "class 2 (66.5 %), class 1 (24.5 %)");
  EXPECT_EQ(result.counts.at("images"), 2);
}

TEST(Post, ClassificationOfProbabilitiesAndOfNonsense) {
  const auto plain = post({output("p", {1, 3}, {0.1F, 0.7F, 0.2F})}, {{"post.softmax", "off"}});
  EXPECT_NEAR(plain.classes[0][0].score, 0.7, 1e-6);
  const auto large = post({output("p", {1, 2}, {10000, 9000})});
  EXPECT_EQ(large.classes[0][0].score, 1);
  const auto nan = post({output("p", {1, 3}, {NAN, 1, NAN})}, {{"post.softmax", "off"}});
  EXPECT_EQ(nan.classes[0][0].index, 1);
}

TEST(Post, OverlapByHand) {
  const Box a = {0, 0, 2, 2};
  EXPECT_DOUBLE_EQ(overlap_of(a, a), 1);
  EXPECT_DOUBLE_EQ(overlap_of(a, {1, 1, 3, 3}), 1.0 / 7);
  EXPECT_DOUBLE_EQ(overlap_of(a, {2, 0, 4, 2}), 0);
  EXPECT_DOUBLE_EQ(overlap_of({1, 1, 1, 1}, {1, 1, 1, 1}), 0);
  EXPECT_DOUBLE_EQ(overlap_of(a, {2, 2, 0, 0}), 0);  // turned inside out
}

TEST(Post, DetectionInBothOrders) {
  const Tensor boxes = output("boxes", {1, 3, 4}, {0, 0, 1, 1, 0, 0, 1, 0.9F, 5, 5, 6, 6});
  const Tensor last = output("scores", {1, 3, 2}, {0.9F, 0.1F, 0.8F, 0.3F, 0.2F, 0.6F});
  const Tensor first = output("scores", {1, 2, 3}, {0.9F, 0.8F, 0.2F, 0.1F, 0.3F, 0.6F});
  for (const auto& outputs : {std::vector<Tensor>{boxes, last}, {first, boxes}}) {
    const auto result = post(outputs);
    ASSERT_EQ(result.detections.size(), 1U);
    const std::vector<Detection>& found = result.detections[0];
    // 0.8 of class 0 goes: it overlaps 0.9 by 90 %. 0.3 of class 1 stays: another class.
    ASSERT_EQ(found.size(), 3U);
    EXPECT_NEAR(found[0].score, 0.9, 1e-6);
    EXPECT_NEAR(found[1].score, 0.6, 1e-6);
    EXPECT_EQ(found[1].index, 1);
    EXPECT_EQ(found[1].box, (Box{5, 5, 6, 6}));
    EXPECT_NEAR(found[2].score, 0.3, 1e-6);
    EXPECT_EQ(result.counts.at("candidates"), 4);
    EXPECT_EQ(result.counts.at("detections"), 3);
    EXPECT_THAT(result.words, HasSubstr("3 detections: class 0 (90.0 %)"));
  }
  const auto objects = post({boxes, last}, {{"post.background", "0"}, {"post.score", "0.5"}});
  EXPECT_EQ(objects.counts.at("detections"), 1);
}

TEST(Post, DetectionByNameAndByCentre) {
  const std::vector<Tensor> outputs = {output("other", {1, 1, 4}, {9, 9, 9, 9}),
                                       output("places", {1, 1, 4}, {4, 4, 2, 6}),
                                       output("conf", {1, 1, 1}, {1})};
  const auto result = post(outputs, {{"post.task", "detection"},
                                     {"post.boxes", "places"},
                                     {"post.scores", "conf"},
                                     {"post.box_form", "centre"}});
  ASSERT_EQ(result.detections[0].size(), 1U);
  EXPECT_EQ(result.detections[0][0].box, (Box{3, 1, 5, 7}));
  EXPECT_THAT(
      error_of(outputs, {{"post.task", "detection"}, {"post.boxes", "place"}}, ErrorKind::invalid),
      HasSubstr("Did you mean 'places'?"));
}

TEST(Post, YoloByHand) {
  // One class; everything off but the second anchor of cell (1, 2) of a 4 x 4 grid beside a 2 x 2
  // one.
  std::vector<float> fine(18 * 16, -20);
  const auto at = [&fine](std::size_t channel) -> float& {
    return fine[(6 + channel) * 16 + 2 * 4 + 1];
  };
  at(0) = 0;               // the middle of the cell, with any scale_xy
  at(1) = 20;              // its lower edge
  at(2) = 0;               // as wide as the anchor
  at(3) = std::log(2.0F);  // twice as high
  at(4) = 20;
  at(5) = 0;
  const std::vector<Tensor> outputs = {
      output("fine", {1, 18, 4, 4}, fine),
      output("coarse", {1, 18, 2, 2}, std::vector<float>(18 * 4, -20))};
  const auto result = post(outputs, {{"post.scale_xy", "1"}});
  EXPECT_EQ(result.task, PostTask::yolo);
  ASSERT_EQ(result.detections[0].size(), 1U);
  const Detection& found = result.detections[0][0];
  EXPECT_NEAR(found.score, 0.5, 1e-6);
  // Centre (1.5 / 4, 3 / 4); anchor 37 x 58 of an input of 64 x 64.
  EXPECT_NEAR(found.box.left, 0.375 - 37.0 / 128, 1e-6);
  EXPECT_NEAR(found.box.right, 0.375 + 37.0 / 128, 1e-6);
  EXPECT_NEAR(found.box.top, 0.75 - 58.0 / 64, 1e-6);
  EXPECT_NEAR(found.box.bottom, 0.75 + 58.0 / 64, 1e-6);
}

TEST(Post, YoloNeedsAnchorsForItsHeads) {
  const std::vector<Tensor> three = {output("a", {1, 18, 1, 1}), output("b", {1, 18, 2, 2}),
                                     output("c", {1, 18, 4, 4})};
  EXPECT_THAT(error_of(three, {}, ErrorKind::invalid), HasSubstr("3 heads take 18"));
  post(three, {{"post.anchors", "1,1,2,2,3,3,4,4,5,5,6,6,7,7,8,8,9,9"}});
}

TEST(Post, SegmentationByHand) {
  std::vector<float> planes(2 * 256, 0);
  for (std::size_t i = 0; i < 64; ++i) planes[256 + i] = 1;
  const auto result = post({output("out", {1, 2, 16, 16}, planes)});
  EXPECT_EQ(result.task, PostTask::segmentation);
  EXPECT_EQ(result.pixels[0], (std::map<std::int64_t, std::int64_t>{{0, 192}, {1, 64}}));
  EXPECT_EQ(result.tensors[0].spec.shape, (Shape{1, 16, 16}));
  EXPECT_EQ(static_cast<int>(result.tensors[0].data[63]), 1);
  EXPECT_EQ(static_cast<int>(result.tensors[0].data[64]), 0);
  EXPECT_EQ(result.words, "class 0 (75.0 % of the pixels), class 1 (25.0 % of the pixels)");
}

TEST(Post, TextIsTheMeanOfItsTokens) {
  const auto result = post({output("hidden", {1, 2, 3}, {1, 2, 3, 3, 4, 5})});
  EXPECT_EQ(result.task, PostTask::text);
  EXPECT_EQ(float_values(result.tensors[0]), (std::vector<float>{2, 3, 4}));
}

TEST(Post, ATaskThatDoesNotFitIsNamed) {
  EXPECT_THAT(error_of({output("logits", {1, 10})}, {{"post.task", "yolo"}}, ErrorKind::invalid),
              HasSubstr("post.task=yolo cannot be done on output 'logits' (1x10, float32)"));
  EXPECT_THAT(error_of({}, {{"post.task", "text"}}, ErrorKind::invalid), HasSubstr("no output"));
  Tensor lying = output("logits", {1, 10});
  lying.data.resize(8);
  EXPECT_THAT(error_of({lying}, {}, ErrorKind::invalid), HasSubstr("8 bytes"));
  EXPECT_EQ(post({output("logits", {1, 10})}, {{"post.task", "none"}}).task, PostTask::none);
}

// ---- for all boxes --------------------------------------------------------------------------

std::vector<Detection> any_detections() {
  return *rc::gen::container<std::vector<Detection>>(rc::gen::exec([] {
    const auto side = [] { return *rc::gen::inRange(0, 20) / 2.0; };
    const double left = side();
    const double top = side();
    return Detection{{left, top, left + side(), top + side()},
                     *rc::gen::inRange<std::int64_t>(0, 3),
                     *rc::gen::inRange(0, 10) / 10.0};
  }));
}

TEST(Post, WhatStaysDoesNotOverlapIsSortedAndStays) {
  EXPECT_TRUE(rc::check([] {
    const auto detections = any_detections();
    const double overlap = *rc::gen::inRange(0, 11) / 10.0;
    const auto most = *rc::gen::inRange<std::size_t>(1, 30);
    const auto kept = without_overlaps(detections, overlap, most);
    RC_ASSERT(kept.size() <= most);
    RC_ASSERT(detections.empty() == kept.empty());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      RC_ASSERT(std::find(detections.begin(), detections.end(), kept[i]) != detections.end());
      for (std::size_t j = 0; j < i; ++j) {
        RC_ASSERT(kept[j].score >= kept[i].score);
        RC_ASSERT(kept[j].index != kept[i].index ||
                  overlap_of(kept[j].box, kept[i].box) <= overlap);
      }
    }
    RC_ASSERT(without_overlaps(kept, overlap, most) == kept);
  }));
}

// What goes, goes for a reason: a better one of its class overlaps it.
TEST(Post, NothingGoesWithoutAReason) {
  EXPECT_TRUE(rc::check([] {
    const auto detections = any_detections();
    const auto kept = without_overlaps(detections, 0.5, detections.size());
    for (const Detection& one : detections) {
      RC_ASSERT(std::any_of(kept.begin(), kept.end(), [&one](const Detection& other) {
        return one == other || (one.index == other.index && other.score >= one.score &&
                                overlap_of(one.box, other.box) > 0.5);
      }));
    }
  }));
}

}  // namespace
}  // namespace isojoule
