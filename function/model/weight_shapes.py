"""Names and shapes of the weights of a tower, as in Transformers' checkpoints."""

from function.model.config import VisionConfig


def vision_shapes(config: VisionConfig) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of a vision tower with its projection."""
    hidden, mlp = config.hidden_size, config.intermediate_size
    positions = (config.image_size // config.patch_size) ** 2 + 1
    shapes: dict[str, tuple[int, ...]] = {
        "vision_model.embeddings.class_embedding": (hidden,),
        "vision_model.embeddings.patch_embedding.weight": (hidden, 3, config.patch_size, config.patch_size),
        "vision_model.embeddings.position_embedding.weight": (positions, hidden),
        "visual_projection.weight": (config.projection_dim, hidden),
    }
    for norm in ("pre_layrnorm", "post_layernorm"):
        shapes |= {f"vision_model.{norm}.weight": (hidden,), f"vision_model.{norm}.bias": (hidden,)}
    for i in range(config.num_hidden_layers):
        layer = f"vision_model.encoder.layers.{i}."
        for norm in ("layer_norm1", "layer_norm2"):
            shapes |= {f"{layer}{norm}.weight": (hidden,), f"{layer}{norm}.bias": (hidden,)}
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            name = f"{layer}self_attn.{projection}"
            shapes |= {f"{name}.weight": (hidden, hidden), f"{name}.bias": (hidden,)}
        shapes |= {f"{layer}mlp.fc1.weight": (mlp, hidden), f"{layer}mlp.fc1.bias": (mlp,)}
        shapes |= {f"{layer}mlp.fc2.weight": (hidden, mlp), f"{layer}mlp.fc2.bias": (hidden,)}
    return shapes
