"""Strategies compared on a table of networks that were all trained, so that a search takes seconds.

The table is that of NAS-Bench-201 (Dong & Yang 2020) for CIFAR-100; see LICENSE-nasbench201.
"""
