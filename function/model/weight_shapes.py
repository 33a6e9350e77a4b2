"""The names and shapes of all weights of a tower with its projection, as Transformers names them."""

from function.model.config import TextConfig, TowerConfig, VisionConfig

Shapes = dict[str, tuple[int, ...]]


def vision_shapes(config: VisionConfig) -> Shapes:
    """Return the name and shape of every tensor of a `CLIPVisionModelWithProjection`."""
    hidden, patch = config.hidden_size, config.patch_size
    positions = (config.image_size // patch) ** 2 + 1
    return {
        "vision_model.embeddings.class_embedding": (hidden,),
        "vision_model.embeddings.patch_embedding.weight": (hidden, 3, patch, patch),
        "vision_model.embeddings.position_embedding.weight": (positions, hidden),
        "visual_projection.weight": (config.projection_dim, hidden),
        **_linear_or_norm("vision_model.pre_layrnorm", hidden),
        **_linear_or_norm("vision_model.post_layernorm", hidden),
        **_layers("vision_model.", config),
    }


def text_shapes(config: TextConfig) -> Shapes:
    """Return the name and shape of every tensor of a `CLIPTextModelWithProjection`."""
    hidden = config.hidden_size
    return {
        "text_model.embeddings.token_embedding.weight": (config.vocab_size, hidden),
        "text_model.embeddings.position_embedding.weight": (config.max_position_embeddings, hidden),
        "text_projection.weight": (config.projection_dim, hidden),
        **_linear_or_norm("text_model.final_layer_norm", hidden),
        **_layers("text_model.", config),
    }


def _layers(tower: str, config: TowerConfig) -> Shapes:
    """Return the shapes of all transformer layers of the tower whose names start with `tower`."""
    hidden, mlp = config.hidden_size, config.intermediate_size
    shapes: Shapes = {}
    for i in range(config.num_hidden_layers):
        layer = f"{tower}encoder.layers.{i}."
        for norm in ("layer_norm1", "layer_norm2"):
            shapes |= _linear_or_norm(f"{layer}{norm}", hidden)
        for projection in ("q_proj", "k_proj", "v_proj", "out_proj"):
            shapes |= _linear_or_norm(f"{layer}self_attn.{projection}", hidden, hidden)
        shapes |= _linear_or_norm(f"{layer}mlp.fc1", mlp, hidden)
        shapes |= _linear_or_norm(f"{layer}mlp.fc2", hidden, mlp)
    return shapes


def _linear_or_norm(name: str, *weight: int) -> Shapes:
    """Return the shapes of a weight and of its bias, which has the length of the weight's first axis."""
    return {f"{name}.weight": weight, f"{name}.bias": weight[:1]}
