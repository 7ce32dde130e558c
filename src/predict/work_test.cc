#include "predict/work.h"

#include <gtest/gtest.h>

#include <set>

namespace isojoule {
namespace {

LayerCost layer_of(const char* operation, std::int64_t rows, std::int64_t columns,
                   std::int64_t groups, std::int64_t kernel) {
  LayerCost layer;
  layer.operation = operation;
  layer.rows = rows;
  layer.columns = columns;
  layer.groups = groups;
  layer.kernel = kernel;
  return layer;
}

TEST(Work, LayersFallIntoTheClassesThatHardwareTreatsDifferently) {
  EXPECT_EQ(work_of(layer_of("Conv", 196, 64, 1, 9)).work_class, WorkClass::convolution);
  EXPECT_EQ(work_of(layer_of("Conv", 196, 8, 4, 9)).work_class, WorkClass::convolution);
  EXPECT_EQ(work_of(layer_of("Conv", 196, 64, 1, 1)).work_class, WorkClass::pointwise);
  EXPECT_EQ(work_of(layer_of("Conv", 196, 1, 64, 9)).work_class, WorkClass::depthwise);
  EXPECT_EQ(work_of(layer_of("ConvTranspose", 196, 64, 1, 4)).work_class, WorkClass::convolution);
  EXPECT_EQ(work_of(layer_of("Gemm", 1, 1000, 1, 1)).work_class, WorkClass::product);
  EXPECT_EQ(work_of(layer_of("MaxPool", 0, 0, 0, 1)).work_class, WorkClass::stream);
  EXPECT_EQ(work_of(layer_of("Reshape", 0, 0, 0, 1)).work_class, WorkClass::view);
}

TEST(Work, WhatAnEngineFusesIsKnownByItsOperation) {
  for (const char* name : {"Relu", "Add", "BatchNormalization", "Clip"})
    EXPECT_TRUE(work_of(layer_of(name, 0, 0, 0, 1)).fusible) << name;
  for (const char* name : {"MaxPool", "Softmax", "Conv", "Concat"})
    EXPECT_FALSE(work_of(layer_of(name, 0, 0, 0, 1)).fusible) << name;
}

TEST(Work, TheInputIsWhatTheFirstLayerThatDoesSomethingReads) {
  NetworkCost cost;
  cost.batch = 4;
  LayerCost view = layer_of("Reshape", 0, 0, 0, 1), first = layer_of("Conv", 16, 8, 1, 9);
  first.bytes_read = 640;
  first.macs = 1000;
  cost.layers = {view, first, layer_of("Relu", 0, 0, 0, 1)};
  const NetworkWork work = work_of(cost);
  EXPECT_EQ(work.batch, 4);
  EXPECT_EQ(work.input_bytes, 640);
  EXPECT_EQ(work.kernels(), 2);
  EXPECT_EQ(work.macs(), 1000);
}

TEST(Work, TotalsAreOneLayerWithItsWeightsInFp32) {
  const NetworkWork work = work_of_totals(1, 3e9, 25e6);
  EXPECT_EQ(work.macs(), 3e9);
  EXPECT_EQ(work.bytes(), 100e6);
  EXPECT_EQ(work.parameters(), 25e6);
}

TEST(Work, EveryClassHasAName) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kWorkClasses; ++i) names.insert(name_of(static_cast<WorkClass>(i)));
  EXPECT_EQ(names.size(), kWorkClasses);
}

}  // namespace
}  // namespace isojoule
