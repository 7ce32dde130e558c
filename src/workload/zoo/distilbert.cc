// DistilBERT: V. Sanh et al., "DistilBERT, a distilled version of BERT", 2019: six layers of BERT's
// base size without types of tokens and pooler; layer names of transformers 4 of Hugging Face
// (DistilBertModel). 512 tokens. 66,362,880 parameters.
#include "workload/blocks.h"
#include "workload/zoo_entry.h"

namespace isojoule {
namespace {

constexpr std::int64_t kTokens = 512;
constexpr std::int64_t kVocabulary = 30522;
constexpr std::int64_t kWidth = 768;
constexpr int kLayers = 6;

void build(GraphBuilder& graph) {
  const GraphValue ids = graph.integer_input("input_ids", {kTokens});
  const GraphValue mask = graph.integer_input("attention_mask", {kTokens});
  const GraphValue bias = attention_bias(graph, mask);
  const Encoder layer = {
      .heads = 12,
      .hidden = 4 * kWidth,
      .scales_query = true,
      .names = {"attention.q_lin", "attention.k_lin", "attention.v_lin", "attention.out_lin",
                "sa_layer_norm", "ffn.lin1", "ffn.lin2", "output_layer_norm"}};
  GraphValue x = graph.embedding(ids, "embeddings.word_embeddings", kVocabulary, kWidth);
  x = graph.add_table(x, "embeddings.position_embeddings");
  x = graph.layer_norm(x, "embeddings.LayerNorm", 1e-12);
  for (int i = 0; i < kLayers; ++i)
    x = encoder_layer(graph, x, bias, "transformer.layer." + std::to_string(i) + ".", layer);
  graph.output(x, "last_hidden_state");
}

}  // namespace

const ZooEntry& zoo_entry_distilbert() {
  static const ZooEntry entry = {{.name = "distilbert",
                                  .title = "DistilBERT",
                                  .source = "Sanh et al. 2019, as in transformers 4",
                                  .input = "512",
                                  .task = ZooTask::text,
                                  .vocabulary = kVocabulary,
                                  .documents = {{"RPE", 6, 43.2, 4.3}}},
                                 build};
  return entry;
}

}  // namespace isojoule
