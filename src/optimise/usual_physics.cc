#include "optimise/physics.h"

namespace isojoule {

PhysicalPrior usual_physics() { return vague_physics(); }

}  // namespace isojoule
