// BERT-Tiny: I. Turc et al., "Well-read students learn better", 2019 (2 layers, 128 wide, 2 heads),
// which is J. Devlin et al., "BERT", NAACL 2019, made small; layer names of transformers 4 of
// Hugging Face (BertModel of prajjwal1/bert-tiny, with its pooler). 512 tokens.
// 4,385,920 parameters.
#include "workload/blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

constexpr std::int64_t kTokens = 512;
constexpr std::int64_t kVocabulary = 30522;
constexpr std::int64_t kWidth = 128;
constexpr int kLayers = 2;

GraphValue embeddings(GraphBuilder& graph, const GraphValue& ids, const GraphValue& types) {
  const GraphValue words = graph.embedding(ids, "embeddings.word_embeddings", kVocabulary, kWidth);
  const GraphValue kinds = graph.embedding(types, "embeddings.token_type_embeddings", 2, kWidth);
  GraphValue x = graph.add(words, kinds, "embeddings.add");
  x = graph.add_table(x, "embeddings.position_embeddings");
  return graph.layer_norm(x, "embeddings.LayerNorm", 1e-12);
}

void build(GraphBuilder& graph) {
  const GraphValue ids = graph.integer_input("input_ids", {kTokens});
  const GraphValue mask = graph.integer_input("attention_mask", {kTokens});
  const GraphValue types = graph.integer_input("token_type_ids", {kTokens});
  const GraphValue bias = attention_bias(graph, mask);
  const Encoder layer = {
      .heads = 2,
      .hidden = 4 * kWidth,
      .names = {"attention.self.query", "attention.self.key", "attention.self.value",
                "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense",
                "output.dense", "output.LayerNorm"}};
  GraphValue x = embeddings(graph, ids, types);
  for (int i = 0; i < kLayers; ++i)
    x = encoder_layer(graph, x, bias, "encoder.layer." + std::to_string(i) + ".", layer);
  GraphValue first = graph.flatten(graph.slice(x, "pooler.slice", 0, 1), "pooler.flatten");
  first = graph.linear(first, "pooler.dense", kWidth);
  graph.output(x, "last_hidden_state");
  graph.output(graph.tanh(first, "pooler.tanh"), "pooler_output");
}

}  // namespace

const ZooEntry& zoo_entry_bert_tiny() {
  static const ZooEntry entry = {{.name = "bert-tiny",
                                  .title = "BERT-Tiny",
                                  .source = "Turc et al. 2019, as in transformers 4",
                                  .input = "512",
                                  .task = ZooTask::text,
                                  .vocabulary = kVocabulary,
                                  .documents = {{"RPE", 4, 4.4, 0.0353}}},
                                 build};
  return entry;
}

}  // namespace isojoule
