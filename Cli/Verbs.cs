using OneFractal.Cli.Commands;
using OneFractal.Cli.Settings;
using Spectre.Console.Cli;

namespace OneFractal.Cli;

/// <summary>
/// The verbs, in the order of the help.
/// <para>
/// To add one: a settings class in Settings/ that extends <see cref="RunSettings"/>, <see cref="ComputeSettings"/> or
/// <see cref="VerbSettings"/> (options that several verbs have come from there or from <see cref="OptionNames"/>, so that they have
/// the same name everywhere), a <see cref="Verb{TSettings}"/> in Commands/ that calls one room, and a line here with what it does
/// and an example. The command gets progress and a token that Ctrl-C cancels; it prints its result with
/// <see cref="Output.Terminal"/> and <see cref="Output.Tables"/>, and throws <see cref="OneFractalException"/> for what the user must change.
/// </para>
/// </summary>
internal static class Verbs
{
    private static readonly Dictionary<string, Type> Settings = [];

    /// <summary>Names of all verbs.</summary>
    public static IReadOnlyCollection<string> Names => Settings.Keys;

    /// <summary>The settings class of a verb, or null for an unknown verb.</summary>
    public static Type? SettingsOf(string verb) => Settings.GetValueOrDefault(verb);

    /// <summary>Registers all verbs.</summary>
    public static void Register(IConfigurator config)
    {
        Add<SynthCommand, SynthSettings>(
            config, "synth", "Renders a set of images from one fractal, a class each", "synth -o data/1p-frac", "synth -o data/small --classes 64 --size 64",
            "synth -o data/one-photo --image photo.jpg --image-mode canny");
        Add<QuickstartCommand, QuickstartSettings>(
            config, "quickstart", "Fractals to a deployed classifier: the whole path, measured", "quickstart -o runs/quickstart");
        Add<PretrainCommand, PretrainSettings>(
            config, "pretrain", "Pre-trains a backbone on one fractal", "pretrain --backbone vit-nano --steps 1000 -o runs/fractal",
            "pretrain --set data/1p-frac --recipe paper-vit-tiny --backbone vit-tiny");
        Add<FinetuneCommand, FinetuneSettings>(
            config, "finetune", "Fine-tunes a backbone on your labelled images",
            "finetune photos/ --backbone runs/fractal/backbone.onnx -o runs/photos",
            "finetune photos/ --backbone resnet18.onnx --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225",
            "finetune fashion-mnist --labelled 1000 --from-scratch vit-nano");
        Add<EvaluateCommand, EvaluateSettings>(
            config, "evaluate", "Measures whether pre-training transfers: backbones against random weights on labelled images",
            "evaluate --backbone runs/fractal --backbone scratch:vit-nano --data fashion-mnist -o runs/transfer",
            "evaluate --backbone runs/fractal --data photos/ --protocol probe,knn --markdown",
            "evaluate --backbone resnet18.onnx --data photos/ --validation 200 --refit",
            "evaluate --resume runs/transfer");
        Add<SweepCommand, SweepSettings>(
            config, "sweep", "Pre-trains and evaluates over a grid of settings, and draws the published curve beside it",
            "sweep findings-delta --dry-run", "sweep findings-delta -o runs/delta --jobs 2", "sweep findings-instances --set steps=500 --set data=photos/ -o runs/instances",
            "sweep sigma.yaml -o runs/sigma", "sweep --resume runs/sigma");
        Add<ExportCommand, ExportSettings>(
            config, "export", "Writes a deployment file of a trained model, in any precision and for any stack, its weights, or a step of its training",
            "export runs/photos/classifier.onnx -o photos.onnx",
            "export classifier.onnx -o photos.onnx --precision fp32,int8-static --data photos/",
            "export classifier.onnx -o photos.onnx --embed-preprocessing --softmax",
            "export backbone.onnx -o stages.onnx --stages --size 64 --batch 1 --opset 13",
            "export classifier.onnx -o models/photos --for triton",
            "export classifier.onnx -o site --for web --install",
            "export classifier.onnx -o photos-hf --for huggingface --precision fp32,fp16,int8",
            "export runs/fractal/backbone.onnx -o backbone.safetensors",
            "export runs/fractal/backbone.onnx --train-step --labels cat,dog --batch 32 -o step.onnx",
            "export step.onnx --weights trained.safetensors -o photos.onnx");
        Add<VerifyCommand, VerifySettings>(
            config, "verify", "Compares a model's outputs on every runtime of this machine", "verify photos.onnx --images photos/",
            "verify photos.onnx --install", "verify photos.onnx --runtime opencv --locate");
        Add<PredictCommand, PredictSettings>(
            config, "predict", "Classifies images with a model file", "predict photos.onnx new/ --top 3", "predict photos.onnx new/**/*.jpg --csv predictions.csv",
            "predict photos.onnx --stdin --json -o predictions.json");
        Add<BackboneCommand, BackboneSettings>(
            config, "backbone", "Makes an ONNX backbone with fresh weights or those of a timm file, or looks into any ONNX model",
            "backbone list", "backbone create resnet18 -o resnet18.onnx", "backbone create resnet18 --weights resnet18.pth -o resnet18.onnx",
            "backbone inspect resnet18.onnx");
        Add<DataCommand, DataSettings>(
            config, "data", "Looks through a data set, or downloads one", "data inspect photos/ -o samples.png", "data fetch cifar10");
        Add<AugmentCommand, AugmentSettings>(
            config, "augment", "Shows what augmentation does to an image", "augment photo.jpg --preview augmentations.png");
        Add<OpsCommand, OpsSettings>(config, "ops", "Lists the ONNX operators that are run and trained", "ops", "ops --json");
        Add<BenchCommand, BenchSettings>(
            config, "bench", "Measures how fast this machine draws fractals, makes batches, trains, predicts and runs models",
            "bench synth --json", "bench data --json", "bench graph --json", "bench train --json", "bench predict --json", "bench predict photos.onnx new/ --threads 1",
            "bench infer photos.onnx other.onnx --batch 1,8,32 --threads 1,2 -o bench/", "bench infer photos.onnx --data photos/ --scenario server --latency-bound 50",
            "bench infer photos.onnx --precision fp32,fp16,int8 --data photos/");
        Add<DoctorCommand, DoctorSettings>(config, "doctor", "Tries what works on this machine and what does not", "doctor");
    }

    private static void Add<TCommand, TSettings>(IConfigurator config, string name, string description, params string[] examples)
        where TCommand : Verb<TSettings>
        where TSettings : VerbSettings
    {
        Settings[name] = typeof(TSettings);
        var command = config.AddCommand<TCommand>(name).WithDescription(description);
        foreach (var example in examples)
        {
            command.WithExample(example.Split(' '));
        }
    }
}
