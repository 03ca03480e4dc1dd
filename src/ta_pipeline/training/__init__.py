"""SFT and DPO with TRL and PEFT, in a child process that `accelerate launch` starts."""
