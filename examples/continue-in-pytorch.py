"""Continues the training of an exported model on several GPUs or machines; docs/how-to/continue-in-pytorch.md explains it.

    torchrun --nproc_per_node=4 continue-in-pytorch.py load_model.py photos/train back.pth [EPOCHS]

load_model.py holds the lines that `vultus export --to pth` printed; they define `model`. The folder has one folder per
class, in the order in which vultus names the classes: angry fear happy neutral sad surprise is also the alphabet's.
"""

import sys

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler
from torchvision import datasets, transforms

# The preprocessing that `vultus export` wrote into the files' metadata; here that of ImageNet at 224 px.
SIZE, SHORTER_SIDE = 224, 256
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main(load_model, folder, out, epochs=1):
    cuda = torch.cuda.is_available()
    dist.init_process_group("nccl" if cuda else "gloo")
    rank = dist.get_rank()
    device = torch.device("cuda", rank % torch.cuda.device_count()) if cuda else torch.device("cpu")
    space = {}
    exec(open(load_model).read(), space)
    model = nn.SyncBatchNorm.convert_sync_batchnorm(space["model"]) if cuda else space["model"]
    model = DistributedDataParallel(model.to(device).train())

    if rank == 0:
        print(f"{dist.get_world_size()} processes", flush=True)

    pictures = datasets.ImageFolder(
        folder,
        transforms.Compose(
            [
                transforms.Resize(SHORTER_SIDE),
                transforms.RandomCrop(SIZE),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(MEAN, STD),
            ]
        ),
    )
    sampler = DistributedSampler(pictures)
    loader = DataLoader(pictures, batch_size=64, sampler=sampler, num_workers=2, drop_last=len(sampler) >= 64)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, weight_decay=1e-2)
    loss_of = nn.CrossEntropyLoss(label_smoothing=0.1)
    for epoch in range(int(epochs)):
        sampler.set_epoch(epoch)
        for x, y in loader:
            loss = loss_of(model(x.to(device)), y.to(device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if rank == 0:
            print(f"epoch {epoch + 1}: loss {loss.item():.4f}", flush=True)
    if rank == 0:
        torch.save(model.module.state_dict(), out)
    dist.destroy_process_group()


main(*sys.argv[1:])
