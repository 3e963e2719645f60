"""The layers worth timing, as a table: what people run, and a few tiny and odd ones beside them."""

# name | input | weight | stride, padding, dilation, groups | network and layer
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
