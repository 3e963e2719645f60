"""The layers worth timing, as tables: what people run, and a few tiny and odd ones beside them.

`TABLE` is timed against other libraries, `CHOICES` by the backends among themselves: one layer or
more of each class of convolution, to tell whether the automatic choice takes the best of them.
"""

# name | input | weight | stride, padding, dilation, groups | network and layer
# (3x1: 3 on the first axis, 1 on the second)
TABLE = """
resnet.7x7s2 b8 | 8x3x224x224 | 64x3x7x7 | 2,3,1,1 | ResNet-50 conv1
resnet.3x3 64c56 b8 | 8x64x56x56 | 64x64x3x3 | 1,1,1,1 | ResNet-50 conv2_x
resnet.3x3 128c28 b8 | 8x128x28x28 | 128x128x3x3 | 1,1,1,1 | ResNet-50 conv3_x
resnet.3x3 256c14 b8 | 8x256x14x14 | 256x256x3x3 | 1,1,1,1 | ResNet-50 conv4_x
resnet.3x3 512c7 b8 | 8x512x7x7 | 512x512x3x3 | 1,1,1,1 | ResNet-50 conv5_x
resnet.3x3s2 128c56 b8 | 8x128x56x56 | 128x128x3x3 | 2,1,1,1 | ResNet-50 conv3_1
resnet.1x1 64-256 56 b8 | 8x64x56x56 | 256x64x1x1 | 1,0,1,1 | ResNet-50 conv2_x
resnet.1x1 1024-256 14 b8 | 8x1024x14x14 | 256x1024x1x1 | 1,0,1,1 | ResNet-50 conv4_x
resnet.1x1s2 256-512 56 b8 | 8x256x56x56 | 512x256x1x1 | 2,0,1,1 | ResNet-50 shortcut of conv3_1
vgg.3x3 64c224 b1 | 1x64x224x224 | 64x64x3x3 | 1,1,1,1 | VGG-16 conv1_2
vgg.3x3 256c56 b1 | 1x256x56x56 | 256x256x3x3 | 1,1,1,1 | VGG-16 conv3_2
mobilenet.dw3x3 144c56 b8 | 8x144x56x56 | 144x1x3x3 | 1,1,1,144 | MobileNetV2 bottleneck 2
mobilenet.dw3x3s2 144c56 b8 | 8x144x56x56 | 144x1x3x3 | 2,1,1,144 | MobileNetV2 bottleneck 3
convnext.dw7x7 96c56 b8 | 8x96x56x56 | 96x1x7x7 | 1,3,1,96 | ConvNeXt-T stage 1, depthwise
resnext.3x3 g32 128c56 b8 | 8x128x56x56 | 128x4x3x3 | 1,1,1,32 | ResNeXt-50 32x4d conv2_x
deeplab.3x3d6 256c33 b1 | 1x256x33x33 | 256x256x3x3 | 1,6,6,1 | DeepLabv3 atrous pyramid, rate 6
5x5 32-64 28 b32 | 32x32x28x28 | 64x32x5x5 | 1,2,1,1 | second layer of a small image classifier
mnist.3x3 1-32 28 b64 | 64x1x28x28 | 32x1x3x3 | 1,1,1,1 | first layer of a digit classifier
replk.dw31 128c28 b1 | 1x128x28x28 | 128x1x31x31 | 1,15,1,128 | RepLKNet-31B stage 1, depthwise
image.25x25 1c1024 b1 | 1x1x1024x1024 | 1x1x25x25 | 1,12,1,1 | blur of one photograph
image.65x65 3-8 512 b1 | 1x3x512x512 | 8x3x65x65 | 1,32,1,1 | filter bank over a colour photograph
1d.wave k3 64c16k b4 | 4x64x16000 | 64x64x3 | 1,1,1,1 | raw-audio network, one second at 16 kHz
1d.wav2vec k10s5 1-512 b4 | 4x1x16000 | 512x1x10 | 5,0,1,1 | wav2vec 2.0 feature encoder, layer 0
1d.wavenet k2d64 64c16k b1 | 1x64x16000 | 128x64x2 | 1,0,64,1 | WaveNet, dilation 64
1d.filterbank k1024 1-64 16k b4 | 4x1x16000 | 64x1x1024 | 1,512,1,1 | bank of 64 long audio filters
3d.3x3x3 32c16^3 b4 | 4x32x16x16x16 | 32x32x3x3x3 | 1,1,1,1 | volume network, inner layer
3d.c3d 3-64 16x56x56 b1 | 1x3x16x56x56 | 64x3x3x3x3 | 1,1,1,1 | C3D conv1a on half-size frames
tiny 3x3 8c8 b1 | 1x8x8x8 | 8x8x3x3 | 1,1,1,1 | call overhead
tiny 1d k3 1c16 b1 | 1x1x16 | 1x1x3 | 1,1,1,1 | call overhead, one channel
odd 3x3 3-5 37x41 b3 | 3x3x37x41 | 5x3x3x3 | 1,1,1,1 | no extent fits a tile
odd 4x2s3d2 g3 b2 | 2x9x53x31 | 15x3x4x2 | 3,1,2,3 | stride, dilation and groups at once
odd 1x7 16c64 b2 | 2x16x64x64 | 16x16x1x7 | 1,0,1,1 | Inception-v3 factorised 1x7, unpadded
"""

CHOICES = """
1d k3 192-48 2757 | 1x192x2757 | 48x192x3 | 1,1,1,1 | music separation, one axis
1d k7 128 3200 | 1x128x3200 | 128x128x7 | 1,3,1,1 | vocoder
1d k3s2 256 4000 | 1x256x4000 | 256x256x3 | 2,0,1,1 | speech encoder, strided
1d dilated 96-24 11025 | 1x96x11025 | 24x96x3 | 1,2,2,1 | audio codec, dilated
1d k1001 1e5 | 1x1x100000 | 1x1x1001 | 1,500,1,1 | long filter of a signal
1d k64 b16 | 16x1x1000 | 1x1x64 | 1,0,1,1 | filter of a batch of short signals
1d dw k3 256 | 1x256x202 | 256x1x3 | 1,0,1,256 | depthwise, one axis
1d pw 192-29 60 | 1x192x60 | 29x192x1 | 1,0,1,1 | speech recognition, last layer
1d g4 pw 3072-768 | 1x3072x512 | 768x768x1 | 1,0,1,4 | pointwise in groups
7x1 160-192 17 | 1x160x17x17 | 192x160x7x1 | 1,3x0,1,1 | Inception, factorised
3d 3x1x1 320 | 1x320x16x8x8 | 320x320x3x1x1 | 1,1x0x0,1,1 | video diffusion, along time
3d 3x3x3 64 8 | 1x64x8x16x16 | 64x64x3x3x3 | 1,1,1,1 | volume network
3d 3x3x3s2 64 16 | 1x64x16x16x16 | 96x64x3x3x3 | 2,1,1,1 | volume network, strided
3d patch 1-48 48 | 1x1x48x48x48 | 48x1x2x2x2 | 2,0,1,1 | patches of a volume
3d dw s122 96 | 1x96x8x14x14 | 96x1x3x3x3 | 1x2x2,1,1,96 | video network, depthwise and strided
3d 2-729 | 1x2x9x9x9 | 729x2x3x3x3 | 1,1,1,1 | few to many channels in a volume
3d 729-2 | 1x729x9x9x9 | 2x729x3x3x3 | 1,1,1,1 | many to few channels in a volume
3x3 32 39 | 1x32x39x39 | 48x32x3x3 | 1,1,1,1 | few channels
3x3 512-256 4 | 1x512x4x4 | 256x512x3x3 | 1,1,1,1 | many channels of a small map
3x3 192 14 | 1x192x14x14 | 192x192x3x3 | 1,1,1,1 | ResNet's middle
3x3s2 32-64 160 | 1x32x160x160 | 64x32x3x3 | 2,1,1,1 | detector's first stages
5x5 128-64 32 | 1x128x32x32 | 64x128x5x5 | 1,2,1,1 | 5x5
dilated2 256 33 | 1x256x33x33 | 256x256x3x3 | 1,2,2,1 | segmentation, dilated
dw1x1 256 14 | 1x256x14x14 | 256x1x1x1 | 1,0,1,256 | depthwise 1x1
dw3x3 1536 14 | 1x1536x14x14 | 1536x1x3x3 | 1,1,1,1536 | depthwise, many channels
dw3x3 176 7 | 1x176x7x7 | 176x1x3x3 | 1,1,1,176 | depthwise, small map
dw5x5s2 144 63 | 1x144x63x63 | 144x1x5x5 | 2,0,1,144 | EfficientNet, strided
dw7x7s2 80-160 64 | 1x80x64x64 | 160x1x7x7 | 2,3,1,80 | depthwise with a multiplier
dw9x9s2 240 14 | 1x240x14x14 | 240x1x9x9 | 2,4,1,240 | MixNet, large kernel
first 3x3 1-64 240 | 1x1x240x320 | 64x1x3x3 | 1,1,1,1 | first layer, one channel
first 7x7s4 3-96 | 1x3x224x224 | 96x3x7x7 | 4,3,1,1 | first layer, 7x7
patch 4x4 3-96 | 1x3x224x224 | 96x3x4x4 | 4,0,1,1 | Swin's patches
patch 16x16 3-768 | 1x3x224x224 | 768x3x16x16 | 16,0,1,1 | ViT's patches
patch 4x4 128 28 | 1x128x28x28 | 128x128x4x4 | 4,0,1,1 | patches of channels
grouped 2x2 112-448 | 1x112x15x15 | 448x56x2x2 | 1,0,1,2 | even kernel in two groups
grouped 3x3 8 832 | 1x832x8x8 | 832x8x3x3 | 1,1,1,104 | RegNet, 8 channels a group
grouped 3x3 128 768 | 1x768x14x14 | 768x128x3x3 | 1,1,1,6 | RegNet, 128 channels a group
se 1152-48 | 1x1152x1x1 | 48x1152x1x1 | 1,0,1,1 | squeeze and excitation
se 48-192 | 1x48x1x1 | 192x48x1x1 | 1,0,1,1 | squeeze and excitation, back
dense 2048-1000 b1 | 1x2048x1x1 | 1000x2048x1x1 | 1,0,1,1 | dense layer, one sample
dense 256-10 b64 | 64x256x1x1 | 10x256x1x1 | 1,0,1,1 | dense layer, a batch
pw 32-16 112 | 1x32x112x112 | 16x32x1x1 | 1,0,1,1 | MobileNet's first pointwise
pw 96-48 3 | 1x96x3x3 | 48x96x1x1 | 1,0,1,1 | pointwise on a small map
pw 272-1632 12 | 1x272x12x12 | 1632x272x1x1 | 1,0,1,1 | EfficientNet, expansion
pws2 64-128 56 | 1x64x56x56 | 128x64x1x1 | 2,0,1,1 | ResNet's shortcut
up 4x4s2 128-64 | 1x64x64x64 | 128x64x4x4 | 2,1,1,1 | decoder, by its gradient
up 2x2s2 256-128 | 1x128x32x32 | 256x128x2x2 | 2,0,1,1 | U-Net, by its gradient
one 5x5 16-120 | 1x16x5x5 | 120x16x5x5 | 1,0,1,1 | LeNet-5, one position
one 6x6 256-1024 | 1x256x6x6 | 1024x256x6x6 | 1,0,1,1 | AlexNet's dense layer, one position
one 7x7 512 dw | 1x512x7x7 | 512x1x7x7 | 1,0,1,512 | global depthwise, one position
one k400 1-512 | 1x1x400 | 512x1x400 | 1,0,1,1 | windowed transform, one position
56x56 3-8 112 | 1x3x112x112 | 8x3x56x56 | 1,0,1,1 | gradient of a weight as a convolution
56x56 16 58 | 4x16x58x58 | 16x16x56x56 | 1,0,1,1 | gradient of a weight, few positions
56x56 dw64 56 | 1x64x56x56 | 64x1x56x56 | 1,28,1,64 | global filter of each channel
column 33 64x1920 | 1x1x64x1920 | 1x1x33x1 | 1,16x0,1,1 | separable filter, tall column
row 31 1080p | 1x1x1080x1920 | 1x1x1x31 | 1,0x15,1,1 | separable filter, long row
column 65 512 | 3x1x512x512 | 1x1x65x1 | 1,32x0,1,1 | separable filter, tall column
cifar 3-16 b32 | 32x3x32x32 | 16x3x3x3 | 1,1,1,1 | small images, first layer
mnist 5x5 1-8 b128 | 128x1x28x28 | 8x1x5x5 | 1,0,1,1 | digits, first layer
small 16-32 8 b64 | 64x16x8x8 | 32x16x3x3 | 1,1,1,1 | small images, later layer
small 5x5 8-16 12 b128 | 128x8x12x12 | 16x8x5x5 | 1,0,1,1 | digits, second layer
4d 3^4 8 | 1x8x6x6x6x6 | 8x8x3x3x3x3 | 1,1,1,1 | four axes
"""
