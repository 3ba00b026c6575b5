"""Infrastructure: the stacks that ``template.yaml`` nests, and the one-machine platform (`infra.local`)."""
