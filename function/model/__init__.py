"""Where weights come from: the baked folder and, at build time only, the checkpoint that it is made from."""
