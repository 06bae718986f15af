namespace LlamaStack.Mlflow;

/// <summary>Feedback on traces, and expectations of them.</summary>
/// <remarks>A user of an MLflow server with basic authentication needs the EDIT permission on the experiment to write them.</remarks>
public static class MlflowAssessmentExtensions
{
    private const int MaxLength = 250;

    /// <summary>Says what somebody thinks of a trace.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id; the trace must have arrived.</param>
    /// <param name="feedback">The feedback.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The feedback as it is kept, with its id.</returns>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such trace (404).</exception>
    /// <remarks>Source: <c>POST /api/3.0/mlflow/traces/{trace_id}/assessments</c>.</remarks>
    public static Task<MlflowAssessment> LogFeedbackAsync(this MlflowClient client, string traceId, MlflowFeedback feedback, CancellationToken cancellationToken = default) =>
        CreateAsync(client, traceId, Of(feedback), cancellationToken);

    /// <summary>Says what a trace should have given.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id; the trace must have arrived.</param>
    /// <param name="expectation">The expectation.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The expectation as it is kept, with its id.</returns>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such trace (404).</exception>
    /// <remarks>Source: <c>POST /api/3.0/mlflow/traces/{trace_id}/assessments</c>.</remarks>
    public static Task<MlflowAssessment> LogExpectationAsync(this MlflowClient client, string traceId, MlflowExpectation expectation, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(expectation);
        ArgumentNullException.ThrowIfNull(expectation.Value, nameof(expectation));
        CheckName(expectation.Name, nameof(expectation));
        MlflowAssessmentSource.Check(expectation.Source, nameof(expectation));
        var created = new NewAssessment
        {
            Name = expectation.Name,
            SpanId = expectation.SpanId,
            Source = expectation.Source,
            Expectation = ExpectationValue.Of(expectation.Value),
            Metadata = expectation.Metadata,
        };
        return CreateAsync(client, traceId, created, cancellationToken);
    }

    /// <summary>Puts feedback in the place of other feedback, which is kept and no longer counts.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id.</param>
    /// <param name="assessmentId">The feedback that is overridden; deleting the new one makes it count again.</param>
    /// <param name="feedback">The new feedback; it has the old one's name unless another thing is meant.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The new feedback as it is kept.</returns>
    /// <exception cref="MlflowException">The server refused, could not be reached, or has no such trace or assessment (404).</exception>
    /// <remarks>Source: <c>POST /api/3.0/mlflow/traces/{trace_id}/assessments</c>.</remarks>
    public static Task<MlflowAssessment> OverrideFeedbackAsync(
        this MlflowClient client, string traceId, string assessmentId, MlflowFeedback feedback, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(assessmentId);
        return CreateAsync(client, traceId, Of(feedback) with { Overrides = assessmentId }, cancellationToken);
    }

    /// <summary>Asks for an assessment.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id.</param>
    /// <param name="assessmentId">The assessment's id.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The assessment, or null where the server has no such trace or assessment.</returns>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>All assessments of a trace stand in <see cref="MlflowTrace.Assessments"/>. Source: <c>GET /api/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}</c>.</remarks>
    public static async Task<MlflowAssessment?> GetAssessmentAsync(this MlflowClient client, string traceId, string assessmentId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return (await client.Server.FindAsync(Path(traceId, assessmentId), MlflowJsonContext.Default.AssessmentAnswer, cancellationToken).ConfigureAwait(false))?.Assessment;
    }

    /// <summary>Changes feedback.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id.</param>
    /// <param name="assessmentId">The id of the feedback.</param>
    /// <param name="update">What shall change.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The feedback as it is kept now.</returns>
    /// <exception cref="ArgumentException">Nothing shall change.</exception>
    /// <exception cref="MlflowException">The server refused (it is an expectation: 400), could not be reached, or has no such trace or assessment (404).</exception>
    /// <remarks>Source: <c>PATCH /api/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}</c>.</remarks>
    public static Task<MlflowAssessment> UpdateFeedbackAsync(
        this MlflowClient client, string traceId, string assessmentId, MlflowAssessmentUpdate update, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        var changed = update.Value is null && update.Error is null ? null : new FeedbackValue(update.Value, update.Error);
        return UpdateAsync(client, traceId, assessmentId, update, new NewAssessment { Feedback = changed }, changed is null ? null : "feedback", cancellationToken);
    }

    /// <summary>Changes an expectation.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id.</param>
    /// <param name="assessmentId">The id of the expectation.</param>
    /// <param name="update">What shall change; an expectation has neither error nor rationale.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The expectation as it is kept now.</returns>
    /// <exception cref="ArgumentException">Nothing shall change, or an error or a rationale shall be set.</exception>
    /// <exception cref="MlflowException">The server refused (it is feedback: 400), could not be reached, or has no such trace or assessment (404).</exception>
    /// <remarks>Source: <c>PATCH /api/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}</c>.</remarks>
    public static Task<MlflowAssessment> UpdateExpectationAsync(
        this MlflowClient client, string traceId, string assessmentId, MlflowAssessmentUpdate update, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(update);
        if (update is { Error: not null } or { Rationale: not null })
        {
            throw new ArgumentException("An expectation has neither error nor rationale: MLflow would not keep them.", nameof(update));
        }

        var changed = update.Value is null ? null : ExpectationValue.Of(update.Value);
        return UpdateAsync(client, traceId, assessmentId, update, new NewAssessment { Expectation = changed }, changed is null ? null : "expectation", cancellationToken);
    }

    /// <summary>Deletes an assessment; the one that it has overridden counts again.</summary>
    /// <param name="client">The client.</param>
    /// <param name="traceId">The trace's id.</param>
    /// <param name="assessmentId">The assessment's id; one that is not there is no error.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <exception cref="MlflowException">The server refused, or could not be reached.</exception>
    /// <remarks>Source: <c>DELETE /api/3.0/mlflow/traces/{trace_id}/assessments/{assessment_id}</c>.</remarks>
    public static async Task DeleteAssessmentAsync(this MlflowClient client, string traceId, string assessmentId, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        (await client.Server.SendAsync(HttpMethod.Delete, Path(traceId, assessmentId), null, cancellationToken).ConfigureAwait(false)).Dispose();
    }

    internal static void CheckLength(string? text, string what, string parameter)
    {
        if (text is { Length: > MaxLength })
        {
            throw new ArgumentException($"{what} is longer than {MaxLength} characters, which MLflow's database does not hold.", parameter);
        }
    }

    private static NewAssessment Of(MlflowFeedback feedback)
    {
        ArgumentNullException.ThrowIfNull(feedback);
        CheckName(feedback.Name, nameof(feedback));
        MlflowAssessmentSource.Check(feedback.Source, nameof(feedback));
        return new NewAssessment
        {
            Name = feedback.Name,
            SpanId = feedback.SpanId,
            Source = feedback.Source,
            Feedback = new FeedbackValue(feedback.Value, feedback.Error),
            Rationale = feedback.Rationale,
            Metadata = feedback.Metadata,
        };
    }

    private static void CheckName(string? name, string parameter)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            throw new ArgumentException("An assessment needs a name.", parameter);
        }

        CheckLength(name, "The name", parameter);
    }

    private static async Task<MlflowAssessment> CreateAsync(MlflowClient client, string traceId, NewAssessment created, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        var answer = await client.Server.PostAsync(
            Path(traceId), new CreateAssessment(created), MlflowJsonContext.Default.CreateAssessment, MlflowJsonContext.Default.AssessmentAnswer, cancellationToken).ConfigureAwait(false);
        return Answered(client, answer);
    }

    private static async Task<MlflowAssessment> UpdateAsync(
        MlflowClient client, string traceId, string assessmentId, MlflowAssessmentUpdate update, NewAssessment value, string? changed, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        string?[] names = [update.Name is null ? null : "assessmentName", changed, update.Rationale is null ? null : "rationale", update.Metadata is null ? null : "metadata"];
        var mask = string.Join(',', names.Where(name => name is not null));
        if (mask.Length == 0)
        {
            throw new ArgumentException("Nothing shall change: set a value, a rationale, metadata or a name.", nameof(update));
        }

        if (update.Name is not null)
        {
            CheckName(update.Name, nameof(update));
        }

        var answer = await client.Server.SendAsync(
            HttpMethod.Patch,
            Path(traceId, assessmentId),
            new UpdateAssessment(value with { Name = update.Name, Rationale = update.Rationale, Metadata = update.Metadata }, mask),
            MlflowJsonContext.Default.UpdateAssessment,
            MlflowJsonContext.Default.AssessmentAnswer,
            cancellationToken).ConfigureAwait(false);
        return Answered(client, answer);
    }

    private static MlflowAssessment Answered(MlflowClient client, AssessmentAnswer answer) =>
        answer.Assessment ?? throw new MlflowException($"MLflow at {client.Server.Address} answered without the assessment.");

    private static string Path(string traceId) => $"api/3.0/mlflow/traces/{MlflowConnection.Segment(traceId)}/assessments";

    private static string Path(string traceId, string assessmentId) => $"{Path(traceId)}/{MlflowConnection.Segment(assessmentId)}";
}
